/**
 * Owns: the error codes of the operator, here since each of its rooms may import this one.
 */
import type { ErrorTexts } from "../../../base/index.ts";

export const operatorErrorCodes = {
  KUBERNETES_API_FAILED:
    "The Kubernetes API server refused a call or did not answer. The message says which call and why.",
  KUBECONFIG_INVALID:
    "The kubeconfig that says which cluster to use, and as whom, cannot be used. The message names the file and what is wrong in it.",
  KUBERNETES_CLIENT_MISSING:
    "A kubeconfig with a plugin, OIDC, a password, impersonation or a proxy cannot be used, since the package @kubernetes/client-node is not installed beside StreamJob. Install it: npm install @kubernetes/client-node@2",
  STATUS_UNREADABLE:
    "The status of an object cannot be read: something other than the operator changed it. The operator does nothing for the object until the status is corrected.",
} as const satisfies ErrorTexts;

declare module "../../../base/index.ts" {
  interface DeclaredErrorCodes {
    readonly "operator/kubernetes/api": keyof typeof operatorErrorCodes;
  }
}
