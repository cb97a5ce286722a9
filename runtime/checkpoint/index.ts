/** Room `checkpoint`: what is durable: epochs, manifests, what may be restored, what may be deleted, savepoints. */
export {
  EMPTY_SUBTASK_STATE,
  type FileRef,
  type KeyedStateHandle,
  type OperatorRestore,
  type OperatorState,
  type OperatorStateHandle,
  type Redistribution,
  type StateBlob,
  type StateDeclaration,
  type SubtaskState,
} from "./handles.ts";
export type { Manifest } from "./manifest.ts";
