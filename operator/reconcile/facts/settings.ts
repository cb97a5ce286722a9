import type { CertificatePolicy, Engine, RootFingerprints } from "../../engine/index.ts";

/** What an operator was started with, as far as decisions need it. */
export type ReconcileSettings = {
  /** Where checkpoints go when a StreamJob names nothing: a store URI without a slash at its end. */
  readonly storageRoot: string;
  /** When a StreamJob names no image. */
  readonly defaultImage: string;
  /** Where savepoints may be, beside a job's own folder below the storage root; absent: anywhere. Store URIs. */
  readonly savepointPrefixes?: readonly string[];
  /** What runs the jobs. */
  readonly engine: Engine;
  /** Absent: the processes of jobs get no certificates, and take connections from loopback only. */
  readonly certificates?: { readonly roots: RootFingerprints; readonly policy: CertificatePolicy };
};
