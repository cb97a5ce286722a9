/** Room `operators`: the ports of operators, sources and sinks, and the stream operators, one per file. */
export { aggregateOperator } from "./aggregate-operator.ts";
export { filterOperator } from "./filter-operator.ts";
export { flatMapOperator } from "./flat-map-operator.ts";
export type {
  Emit,
  FilterFunction,
  FlatMapFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  MapFunction,
  OrFactory,
  ProcessContext,
  ProcessFunction,
  ReduceFunction,
  Synchronous,
  TimerContext,
} from "./functions.ts";
export { keyedProcessOperator } from "./keyed-process-operator.ts";
export { mapOperator } from "./map-operator.ts";
export type {
  EmissionDesk,
  KeySelector,
  OperatorContext,
  OperatorFactory,
  Output,
  StreamOperator,
} from "./operator.ts";
export { processOperator } from "./process-operator.ts";
export { reduceOperator } from "./reduce-operator.ts";
export type {
  CommitOutcome,
  PlainSink,
  Sink,
  SinkContext,
  SinkWriter,
  TransactionWriter,
  TwoPhaseCommitSink,
} from "./sink.ts";
export { sinkOperator } from "./sink-operator.ts";
export type { PollResult, ReaderContext, Source, SourceContext, SourceOutput, SourceReader } from "./source.ts";
export { assertSynchronous } from "./synchronous-function.ts";
export { sumOperator } from "./sum-operator.ts";
export { timestampsAndWatermarksOperator } from "./timestamps-and-watermarks-operator.ts";
export { isPromiseLike, UserCall } from "./user-call.ts";
// What functions see of state, for the job API.
export type {
  Aggregate,
  AggregatingState,
  AggregatingStateDescriptor,
  KeyedStateStore,
  ListState,
  MapState,
  MapStateDescriptor,
  OperatorListState,
  OperatorStateStore,
  ReducingState,
  ReducingStateDescriptor,
  StateDescriptor,
  TimerService,
  ValueState,
} from "../state/index.ts";
