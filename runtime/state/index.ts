/** Room `state`: keyed and operator state, timers, their snapshots, restore and redistribution. */
export type {
  KeyedBackendOptions,
  KeyedRestore,
  KeyedSnapshot,
  KeyedStateBackend,
  OperatorBackendOptions,
  OperatorSnapshot,
  OperatorStateBackend,
  OperatorStateRestore,
  SnapshotFile,
  SnapshotFiles,
  SnapshotRequest,
  StateReader,
  Turn,
} from "./backend.ts";
export { createKeyedBackend } from "./heap/heap-backend.ts";
export { createOperatorStateBackend } from "./operator-state.ts";
export { createLooseRows, createLooseTable } from "./table/loose-table.ts";
