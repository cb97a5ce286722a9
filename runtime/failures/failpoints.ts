/**
 * Owns: the names of the runtime's failpoints. What a failpoint does is in base/failpoint.ts.
 */
import { declareFailpoints, StreamError } from "../../base/index.ts";

/** Every name that the runtime reaches; the chaos tests go through all of them. */
export const failpointNames = [
  "jm:after-epoch-claim",
  "jm:after-fence",
  "jm:before-trigger",
  "jm:after-trigger",
  "jm:before-manifest",
  "jm:after-manifest",
  "jm:before-commit-marker",
  "jm:after-commit-marker",
  "jm:before-discard",
  "jm:before-result",
  "jm:after-result",
  "jm:before-activation",
  "jm:after-activation",
  "jm:before-predecessor-fence",
  "tm:before-snapshot",
  "tm:after-snapshot",
  "tm:before-upload",
  "tm:before-ack",
  "tm:before-commit",
  "tm:after-commit",
  "tm:before-restore",
] as const;

export type FailpointName = (typeof failpointNames)[number];

/** Marks a place of the runtime. Errors: USER_FUNCTION_FAILED where a test asked for an error. */
export const failpoint = declareFailpoints(
  failpointNames,
  (message) => new StreamError("USER_FUNCTION_FAILED", message),
);
