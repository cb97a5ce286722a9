/**
 * Owns: when the certificates of an incarnation are issued: with its first object, and with each new term.
 * Not here: what a term is (operator/engine), who issues and writes (operator/apply).
 *
 * CED1 An annotation of the incarnation's Service says what was issued last, and for which ConfigMap, which owns the Secret: nobody reads the
 *     Secret itself. It is written after the Secret, so what it says is there.
 * CED2 Within a term nothing is written (RE3).
 */
import { CERTIFICATES_ANNOTATION, type StreamJob } from "../../../crds/index.ts";
import { certificateTerm, incarnationName, untilRenewalMs } from "../../engine/index.ts";
import type { Service } from "../../kubernetes/api/index.ts";
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

/** `service`: as it is to be. Nothing for an operator that certifies nothing. */
export function certificatesFor(draft: Draft, service: Service, facts: Facts): readonly Action[] {
  const { job, number, there } = facts;
  const { certificates } = facts.settings;
  if (certificates === undefined) return [];
  const { nowMs } = draft;
  const jobId = incarnationJobId(job, number);
  const term = certificateTerm(jobId, nowMs, certificates.policy);
  draft.wakeIn(untilRenewalMs(jobId, nowMs, certificates.policy));
  const owner = there?.configMap?.metadata.uid ?? "";
  const issued = there?.service?.metadata.annotations?.[CERTIFICATES_ANNOTATION];
  const mark = `${certificates.authority}.${term.number}`;
  if (issued === `${mark}.${owner}` || there?.service?.metadata.deletionTimestamp !== undefined) return [];
  const name = incarnationName(job.metadata.name, number);
  const why = issued === undefined ? `${name} has no certificates` : `the certificates of ${name} are renewed`;
  return [{ kind: "issueCertificates", incarnation: number, jobId, term, mark, service, why }];
}
