/** Room `failures`: how the runtime is made to fail: its failpoints. */
export { type FailpointName, failpoint, failpointNames } from "./failpoints.ts";
