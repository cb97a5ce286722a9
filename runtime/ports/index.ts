/**
 * Room `ports`: what the engine and its users agree on: sources, sinks, stream operators, user functions, keyed and operator state.
 * Types and contracts only; nothing here runs.
 */
export type {
  KeyedStateSpec,
  KeyedStates,
  NoStates,
  OperatorStateSpec,
  OperatorStates,
  StateHandles,
  StateSpec,
} from "./declared-state.ts";
export type {
  Emitter,
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
export type {
  EmissionDesk,
  KeySelector,
  OperatorContext,
  OperatorFactory,
  Output,
  StreamOperator,
} from "./operator.ts";
export type { Counter, Histogram, HistogramStatistics, Meter, MetricGroup } from "./metrics.ts";
export type {
  CommitOutcome,
  PlainSink,
  Sink,
  SinkContext,
  SinkWriter,
  TransactionWriter,
  TwoPhaseCommitSink,
} from "./sink.ts";
export type { PollResult, ReaderContext, Source, SourceContext, SourceOutput, SourceReader } from "./source.ts";
export type {
  Aggregate,
  AggregatingState,
  AggregatingStateDescriptor,
  KeyedOperatorState,
  KeyedStateStore,
  ListState,
  MapState,
  MapStateDescriptor,
  OperatorListState,
  OperatorStateStore,
  ReducingState,
  ReducingStateDescriptor,
  StateDescriptor,
  TimerHandler,
  TimerService,
  ValueState,
} from "./state.ts";
