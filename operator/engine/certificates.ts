/**
 * Owns: the port to who certifies the processes of jobs, and for which term a certificate is in force. Pure.
 * Implemented by: operator/certificates.
 *
 * CET1 Terms follow from the job id and the clock alone, so every operator issues the same one at the same time; those of different jobs
 *     begin at different times.
 * CET2 A certificate is renewed when half of its life is left, so an operator may be away for that long.
 */
import { hexDigest } from "../../base/index.ts";

/** Whose certificates. */
export type IncarnationIdentity = {
  readonly namespace: string;
  readonly job: string;
  readonly incarnation: number;
  readonly jobId: string;
};

export type CertificateTerm = { readonly number: number; readonly notBeforeMs: number; readonly notAfterMs: number };

/**
 * Which roots an incarnation's certificates stand on while one takes the place of another. `introducing`: issued by the one before, and both
 * are trusted. `replacing`: issued by the current one, and both are trusted. `current`: issued by it, and it alone is trusted.
 */
export type RootStage = "introducing" | "replacing" | "current";

/** Fingerprints of roots: 8 hex digits, which tell nothing of them. `previous`: the one that is being replaced; null: none. */
export type RootFingerprints = { readonly current: string; readonly previous: string | null };

export interface CertificateAuthority {
  readonly roots: RootFingerprints;
  /** The data of an incarnation's Secret: PEM texts by file name. The same for the same term and stage. Default `current`. */
  issue(of: IncarnationIdentity, term: CertificateTerm, stage?: RootStage): Readonly<Record<string, string>>;
}

/** How long certificates live, and how often they are renewed. */
export type CertificatePolicy = {
  readonly lifetimeMs: number;
  readonly renewEveryMs: number;
  /** How long a stage of a rotation lasts at least: until every kubelet has brought its files. Default SETTLE_MS. */
  readonly settleMs?: number;
};

/** A kubelet takes about a minute, two where it looks at Secrets by its own cache. */
export const SETTLE_MS = 600_000;

const DAY_MS = 86_400_000;
export const certificatePolicy: CertificatePolicy = { lifetimeMs: 7 * DAY_MS, renewEveryMs: 3.5 * DAY_MS };

/** A process whose clock is behind by less than this takes a new certificate at once. */
const CLOCK_SKEW_MS = 3_600_000;

/** CET1 */
export function certificateTerm(jobId: string, nowMs: number, policy: CertificatePolicy): CertificateTerm {
  const { lifetimeMs, renewEveryMs } = policy;
  const offsetMs = Math.floor((Number.parseInt(hexDigest(8, "certificates", jobId), 16) / 2 ** 32) * renewEveryMs);
  const number = Math.floor((nowMs + offsetMs) / renewEveryMs);
  const beginMs = number * renewEveryMs - offsetMs;
  return { number, notBeforeMs: beginMs - CLOCK_SKEW_MS, notAfterMs: beginMs + lifetimeMs };
}

/** Until the next term begins. */
export function untilRenewalMs(jobId: string, nowMs: number, policy: CertificatePolicy): number {
  const { notAfterMs } = certificateTerm(jobId, nowMs, policy);
  return notAfterMs - policy.lifetimeMs + policy.renewEveryMs - nowMs;
}
