/** Room `api`: what a job module imports (`import { job, t } from "streamjob"`): the job API, and the types of functions, states, sources and sinks. */
export {
  type Field,
  type Key,
  type Literal,
  MAX_WATERMARK,
  NO_TIMESTAMP,
  type OptionalField,
  type RecordOf,
  t,
  type TypeKind,
  type ValueOf,
  type ValueType,
  type RecordColumns,
} from "../record/index.ts";
export {
  aggregating,
  broadcastList,
  broadcastMap,
  list,
  map,
  operatorList,
  reducing,
  unionList,
  value,
  workerPool,
  type WorkerPoolOptions,
} from "../operators/index.ts";
export {
  forBoundedOutOfOrderness,
  forMonotonousTimestamps,
  noWatermarks,
  type TimestampOf,
  type WatermarkStrategy,
} from "../time/index.ts";
export type * from "./contracts.ts";
export type { BroadcastConnectedStream, KeyedBroadcastConnectedStream } from "./broadcast-connected-stream.ts";
export type { BroadcastStream } from "./broadcast-stream.ts";
export type { ConnectedStreams, KeyedConnectedStreams } from "./connected-streams.ts";
export type { DataStream } from "./data-stream.ts";
export {
  defineSink,
  defineSource,
  type PlainSinkDefinition,
  type SourceDefinition,
  type TwoPhaseCommitSinkDefinition,
} from "./define.ts";
export type { Clock, Duration, Log, Timer } from "../../base/index.ts";
export type { SourceOptions, StreamEnvironment } from "./environment.ts";
export { type Job, job } from "./job.ts";
export type { AggregateOptions, KeyField, KeyedStream, NumberField } from "./keyed-stream.ts";
export type { Inferred, OperatorOptions, TypedOptions, UntypedOptions } from "./operator-options.ts";
export type { CheckpointsSettings, JobSettings, RestartSettings } from "./settings.ts";
