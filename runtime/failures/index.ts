/** Room `failures`: what the runtime raises: its error codes with what they mean and what to do, and its failpoints. */
export { type FailpointName, failpoint, failpointNames } from "./failpoints.ts";
export { runtimeErrorCodes } from "./error-codes.ts";
