/** Room `base`: errors, time, randomness, ids, logging, failpoints. Everything may import it; it imports nothing. */
export { type Clock, type Random, seededRandom, sleep, type Timer, waitUntil } from "./clock.ts";
export { hexDigest, textDigest } from "./digest.ts";
export {
  COMPOUND_DURATION_PATTERN,
  DURATION_FORM,
  DURATION_LENGTH_MAX,
  DURATION_PATTERN,
  type Duration,
  durationMs,
  formatDuration,
  type ParsedDuration,
  parseDuration,
  readDelay,
  readDuration,
} from "./duration.ts";
export { closeAfterGrace, listenForRequests } from "./http-listening.ts";
export { editDistance, hasSameLetters } from "./edit-distance.ts";
export * from "./error-codes.ts";
export {
  AssertionFailure,
  assert,
  type Destiny,
  type ErrorInfo,
  fromErrorInfo,
  StreamError,
  type StreamErrorOptions,
  thrownText,
  toErrorInfo,
  unreachable,
} from "./errors.ts";
export { newerFormat, refuseNewer } from "./format-version.ts";
export { checkFailpoints, declareFailpoints } from "./failpoint.ts";
export {
  isHex32,
  type JobId,
  jobId,
  type OperatorId,
  operatorId,
  type TaskManagerId,
  taskManagerId,
  type VertexId,
  vertexId,
} from "./ids.ts";
export {
  checkLogLevel,
  createLog,
  LOG_FILE_BYTES_MAX,
  LOG_FILES_OLDER,
  type Log,
  silentLog,
  USER_LOGGER,
} from "./log.ts";
export { LogFile, numberedPaths } from "./log-file.ts";
export { type Labels, MetricsPage, PROMETHEUS_CONTENT_TYPE } from "./metrics-page.ts";
export { oncePerObject } from "./once-per-object.ts";
export { makePrivateFolder, makePrivateFolderSync, PRIVATE_FILE, PRIVATE_FOLDER } from "./private-files.ts";
export { isSameProcess, processIdentity } from "./process-identity.ts";
export { isPromiseLike } from "./promise-like.ts";
export { guardRequests } from "./request-guard.ts";
export {
  childEnvironment,
  environmentVariable,
  ifStillAlive,
  nextTurn,
  onNextTurn,
  onNothingLeft,
  setEnvironmentVariable,
  systemClock,
  systemRandom,
} from "./system.ts";
export { addProcessFigures, addThreadFigures, observeThread, type ThreadFigures } from "./thread-figures.ts";
