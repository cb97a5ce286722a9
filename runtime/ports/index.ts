/**
 * Room `ports`: what the engine and its users agree on: sources, sinks, stream operators, user functions, keyed and operator state.
 * Types and contracts only; nothing here runs.
 */
export type {
  AsyncCall,
  AsyncCallback,
  AsyncFunction,
  AsyncOpenContext,
  AsyncOptions,
  AsyncOrder,
  AsyncRetry,
} from "./async-functions.ts";
export type {
  BroadcastContext,
  BroadcastProcessFunction,
  CoProcessFunction,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
} from "./connected-functions.ts";
export type {
  BroadcastHandles,
  BroadcastStateSpec,
  KeyedStateSpec,
  KeyedStates,
  NoStates,
  OperatorStateSpec,
  OperatorStates,
  StateHandles,
  StateSpec,
} from "./declared-state.ts";
export type {
  DeclaredFunction,
  Emitter,
  FilterFunction,
  FlatMapFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  MapFunction,
  Nothing,
  OrFactory,
  ProcessContext,
  ProcessFunction,
  ReduceFunction,
  Synchronous,
  TimerContext,
  TimerFunction,
} from "./functions.ts";
export type {
  AlignmentDesk,
  EmissionDesk,
  KeySelector,
  OperatorContext,
  OperatorFactory,
  Output,
  OutsideDesk,
  RecordOutput,
  SplitStep,
  StreamOperator,
} from "./operator.ts";
export type { SpillFile, SpillSpace } from "./spill.ts";
export type { NoSideOutputs, SideOutputEmitters, SideOutputTypes } from "./side-outputs.ts";
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
export type { EnumeratorContext, RestoredEnumerator, SplitEnumerator } from "./split-enumerator.ts";
export type { PollResult, ReaderContext, Source, SourceContext, SourceOutput, SourceReader } from "./source.ts";
export type {
  Aggregate,
  AggregatingState,
  AggregatingStateDescriptor,
  BroadcastState,
  KeyedOperatorState,
  KeyedStateStore,
  KeyWalk,
  ListState,
  MapState,
  MapStateDescriptor,
  OperatorListState,
  OperatorStateStore,
  ReadonlyBroadcastState,
  ReadonlyMapState,
  ReducingState,
  ReducingStateDescriptor,
  StateDescriptor,
  TimerHandler,
  TimerService,
  ValueState,
} from "./state.ts";
export {
  declarationOfRows,
  NO_SLOT,
  rowMark,
  type RowPageView,
  type RowRecords,
  type RowTable,
  type RowTableDescriptor,
  rowTableTypes,
  type SlicedRows,
  type SlotGathering,
} from "./row-table.ts";
export type {
  ColumnTable,
  KeyedRecords,
  PageValues,
  SlicedTable,
  SlicedTableDescriptor,
  TextValues,
} from "./table-state.ts";
