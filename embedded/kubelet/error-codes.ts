/**
 * Owns: the error codes of the embedded kubelet; processes that need a control plane raise them too.
 */
import type { ErrorTexts } from "../../base/index.ts";

export const kubeletErrorCodes = {
  CONTROL_PLANE_UNAVAILABLE:
    "No control plane answers. Start one with `streamjob run <manifest>`, or check the address.",
} as const satisfies ErrorTexts;

declare module "../../base/index.ts" {
  interface DeclaredErrorCodes {
    readonly "embedded/kubelet": keyof typeof kubeletErrorCodes;
  }
}
