/**
 * Owns: the kind StreamJob as an object. Only types. Does not own: its spec and status.
 */
import type { KubernetesMetadata } from "./metadata.ts";
import type { StreamJobSpec } from "./stream-job-spec.ts";
import type { StoredStreamJobStatus } from "./stream-job-status.ts";

/** A StreamJob as the API server holds it. */
export interface StreamJob {
  readonly apiVersion: string;
  readonly kind: "StreamJob";
  readonly metadata: KubernetesMetadata;
  readonly spec: StreamJobSpec;
  /** As stored; `readStreamJobStatus` fills in what is absent. */
  readonly status?: StoredStreamJobStatus;
}
