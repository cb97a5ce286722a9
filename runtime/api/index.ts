/** Room `api`: what a job module imports (`import { job, t } from "streamjob"`), and how a job module is loaded. */
export { MAX_WATERMARK, NO_TIMESTAMP, type Key, t, type ValueOf, type ValueType } from "../record/index.ts";
export {
  forBoundedOutOfOrderness,
  forMonotonousTimestamps,
  noWatermarks,
  type TimestampOf,
  type WatermarkStrategy,
} from "../time/index.ts";
export { codePlace } from "../program/index.ts";
export type * from "./contracts.ts";
export type { DataStream } from "./data-stream.ts";
export type { SourceOptions, StreamEnvironment } from "./environment.ts";
export { type Job, job } from "./job.ts";
export type { AggregateOptions, KeyField, KeyedStream, NumberField } from "./keyed-stream.ts";
export {
  type BuildInput,
  buildStreamGraph,
  loadJobGraph,
  loadStreamGraph,
  type ModuleSource,
} from "../program/index.ts";
export type { OperatorOptions, TypedOptions, UntypedOptions } from "./operator-options.ts";
export type { CheckpointsSettings, Duration, JobSettings, RestartSettings } from "./settings.ts";
export { GraphBuilder } from "./graph-builder.ts";
export { isJob } from "./job.ts";
