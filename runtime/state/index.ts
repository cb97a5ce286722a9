/** Room `state`: keyed and operator state, timers, their snapshots, restore and redistribution. */
export type {
  KeyedBackendOptions,
  KeyedSnapshot,
  KeyedStateBackend,
  OperatorSnapshot,
  OperatorStateBackend,
  SnapshotFile,
  SnapshotFiles,
  StateReader,
  Turn,
} from "./backend.ts";
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
  TimerHandler,
  TimerService,
  ValueState,
} from "./state.ts";
