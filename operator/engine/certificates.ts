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

export interface CertificateAuthority {
  /** Of its root; 8 hex digits, which tell nothing of it. */
  readonly fingerprint: string;
  /** The data of an incarnation's Secret: PEM texts by file name. The same for the same term. */
  issue(of: IncarnationIdentity, term: CertificateTerm): Readonly<Record<string, string>>;
}

/** How long certificates live, and how often they are renewed. */
export type CertificatePolicy = { readonly lifetimeMs: number; readonly renewEveryMs: number };

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
