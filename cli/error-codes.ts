/**
 * Owns: the error codes that only the command line raises.
 */
import type { ErrorTexts } from "../base/index.ts";

export const cliErrorCodes = {
  CONFIRMATION_MISSING:
    "The command deletes something and there is no terminal to ask whether it should. Look with `--dry-run`, then repeat it with `--yes`.",
  JOB_MANAGER_LOST: "The JobManager exited or stopped sending heartbeats. Tasks stop until a new JobManager connects.",
  MANIFEST_INVALID:
    "A manifest is not a valid StreamJob or StreamJobSnapshot. The message names each invalid field and its allowed values.",
  STORAGE_POD_FAILED:
    "The pod with which `streamjob storage` looks at the stores of a StreamJob could not be made, failed, or did not answer. The message says why.",
  OBJECT_NOT_FOUND: "There is no StreamJob or snapshot of that name in the namespace. `streamjob get` lists them.",
} as const satisfies ErrorTexts;

declare module "../base/index.ts" {
  interface DeclaredErrorCodes {
    readonly cli: keyof typeof cliErrorCodes;
  }
}
