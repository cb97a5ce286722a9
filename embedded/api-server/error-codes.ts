/**
 * Owns: the error codes of the embedded API server.
 */
import type { ErrorTexts } from "../../base/index.ts";

export const apiServerErrorCodes = {
  CONTROL_PLANE_FILES_UNREADABLE:
    "The files in which the embedded control plane stores its objects cannot be read. Restore them from a backup, or move the folder away to start without objects.",
} as const satisfies ErrorTexts;

declare module "../../base/index.ts" {
  interface DeclaredErrorCodes {
    readonly "embedded/api-server": keyof typeof apiServerErrorCodes;
  }
}
