/** Door of `checkpoint` for what runs tasks: a slot's thread loads it, and nothing that reads manifests, whose schemas are an eighth of what such a thread would load. */
export { assignState } from "./assign-state.ts";
export { keyedFiles, operatorListKinds } from "./handles.ts";
export { dataFolder, SAVEPOINT_DATA_FOLDER } from "./layout.ts";
