/**
 * Owns: the error codes of the processes; the command line raises them too.
 */
import type { ErrorTexts } from "../base/index.ts";

export const mainErrorCodes = {
  CONTROL_PLANE_RUNNING:
    "Another process is the control plane of this folder. Send it manifests with `streamjob apply`, or set STREAMJOB_HOME to another folder.",
  MEMORY_TOO_SMALL:
    "A TaskManager has less memory than its slots need. The message says what it needs; give it more memory, or fewer slots. docs/sizing.md says how memory is divided.",
} as const satisfies ErrorTexts;

declare module "../base/index.ts" {
  interface DeclaredErrorCodes {
    readonly main: keyof typeof mainErrorCodes;
  }
}
