/**
 * Owns: when the certificates of an incarnation are issued: with its first object, and with each new term.
 * Not here: what a term is (operator/engine), who issues and writes (operator/apply).
 *
 * CED1 An annotation of the incarnation's Service says what was issued last, and for which ConfigMap, which owns the Secret: nobody reads the
 *     Secret itself. It is written after the Secret, so what it says is there.
 * CED2 Within a term nothing is written (RE3).
 * CED3 From one root to the next an incarnation goes in stages (RootStage), each no sooner than `settleMs` after the one before was written:
 *     at every moment each of its processes is trusted by all others, whichever files their kubelets have brought. The stage and its
 *     beginning are in the annotation, so an operator that was away, or comes new, goes on where it was.
 */
import { CERTIFICATES_ANNOTATION, type StreamJob } from "../../../crds/index.ts";
import {
  type CertificatePolicy,
  certificateTerm,
  type IncarnationChildren,
  incarnationName,
  type RootFingerprints,
  type RootStage,
  SETTLE_MS,
  untilRenewalMs,
} from "../../engine/index.ts";
import type { ObservedIncarnation } from "../facts/observed.ts";
import { incarnationJobId } from "../facts/ids.ts";
import type { ReconcileSettings } from "../facts/settings.ts";
import type { Draft } from "../status/draft.ts";
import type { Action } from "./plan.ts";

type Facts = {
  readonly job: StreamJob;
  readonly number: number;
  readonly settings: ReconcileSettings;
  /** null: nothing is there of the incarnation. */
  readonly there: ObservedIncarnation | null;
};

/** `children`: as they are to be. Nothing for an operator that certifies nothing. */
export function certificatesFor(draft: Draft, children: IncarnationChildren, facts: Facts): readonly Action[] {
  const { job, number, there } = facts;
  const { certificates } = facts.settings;
  if (certificates === undefined) return [];
  const { nowMs } = draft;
  const jobId = incarnationJobId(job, number);
  const term = certificateTerm(jobId, nowMs, certificates.policy);
  draft.wakeIn(untilRenewalMs(jobId, nowMs, certificates.policy));
  const owner = there?.configMap?.metadata.uid ?? "";
  const issued = there?.service?.metadata.annotations?.[CERTIFICATES_ANNOTATION];
  const { stage, roots, sinceMs } = rootsFor(issued, certificates, nowMs);
  const since = sinceMs === null ? "" : `@${sinceMs}`;
  if (sinceMs !== null) draft.wakeIn(sinceMs + settleMsOf(certificates.policy) - nowMs);
  const mark = `${roots}${since}.${term.number}`;
  if (issued === `${mark}.${owner}` || there?.service?.metadata.deletionTimestamp !== undefined) return [];
  const name = incarnationName(job.metadata.name, number);
  const { service } = children;
  const configMap = children.configMap.metadata.name;
  const why = issued === undefined ? `${name} has no certificates` : `the certificates of ${name} are renewed`;
  return [{ kind: "issueCertificates", incarnation: number, jobId, term, stage, mark, configMap, service, why }];
}

type Standing = {
  readonly stage: RootStage;
  /** As the annotation says it: who issues, and who is trusted beside. */
  readonly roots: string;
  /** When this stage began; null: it is the last. */
  readonly sinceMs: number | null;
};

const ISSUED = /^(?<roots>[0-9a-f]{8}(?:\+[0-9a-f]{8})?)(?:@(?<since>\d{1,15}))?\./;
const settleMsOf = ({ settleMs = SETTLE_MS }: CertificatePolicy): number => settleMs;

/** CED3: where it stands now, by what was issued last. */
function rootsFor(
  issued: string | undefined,
  { roots: { current, previous }, policy }: { readonly roots: RootFingerprints; readonly policy: CertificatePolicy },
  nowMs: number,
): Standing {
  const last: Standing = { stage: "current", roots: current, sinceMs: null };
  const seen = ISSUED.exec(issued ?? "")?.groups;
  if (previous === null || seen === undefined) return last;
  const introducing = `${previous}+${current}`;
  const replacing = `${current}+${previous}`;
  // Without a beginning it has just been found.
  const sinceMs = Number(seen["since"] ?? nowMs);
  const isSettled = nowMs - sinceMs >= settleMsOf(policy);
  if (seen["roots"] === previous) return { stage: "introducing", roots: introducing, sinceMs: nowMs };
  if (seen["roots"] === introducing) {
    if (isSettled) return { stage: "replacing", roots: replacing, sinceMs: nowMs };
    return { stage: "introducing", roots: introducing, sinceMs };
  }
  if (seen["roots"] === replacing && !isSettled) return { stage: "replacing", roots: replacing, sinceMs };
  return last;
}
