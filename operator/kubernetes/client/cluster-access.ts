/**
 * Owns: what there is to know of a cluster and of who asks it, as a type.
 * Implemented by: plain-access.ts, library-access.ts. Opened by: open-access.ts.
 */
import type { RequestOptions } from "node:https";

export type CredentialSource =
  /** Files, the first counting most. Those that are not there are passed over, but for the last one left. */
  | { readonly kind: "kubeconfig"; readonly paths: readonly string[]; readonly context: string | null }
  /** A pod's service account. `root`: folder before `/var/run/secrets`, for tests. */
  | { readonly kind: "inCluster"; readonly root: string };

/** Which cluster it is. */
export type ClusterFacts = {
  readonly baseUrl: string;
  /** Of the context. */
  readonly namespace: string | null;
  readonly context: string;
};

/** As the files were when it was opened; another one is opened when they have changed. */
export interface ClusterAccess {
  readonly facts: ClusterFacts;
  /** What it is read from beside the kubeconfig. */
  readonly files: readonly string[];
  /** Its options have an agent that carries connections through a proxy. */
  readonly hasProxy: boolean;
  /** Headers, and what TLS needs. Errors: what cannot be read. */
  options(): Promise<RequestOptions>;
}
