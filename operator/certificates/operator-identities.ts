/**
 * Owns: the operator's own certificate for each incarnation that it speaks to, made when it is needed.
 *
 * OID1 One is kept for as long as its term, so that a poll costs no signature; at most IDENTITIES_MAX are.
 */
import type { Clock } from "../../base/index.ts";
import type { IdentityFiles } from "../../security/index.ts";
import { type CertificatePolicy, certificateTerm, type IncarnationIdentity } from "../engine/index.ts";
import type { JobAuthority } from "./job-authority.ts";

const IDENTITIES_MAX = 2000;

export function operatorIdentities(
  authority: JobAuthority,
  policy: CertificatePolicy,
  clock: Clock,
): (of: IncarnationIdentity) => readonly IdentityFiles[] {
  const known = new Map<string, readonly IdentityFiles[]>();
  return (of) => {
    const term = certificateTerm(of.jobId, clock.nowMs(), policy);
    const key = `${of.namespace}/${of.job}/${of.jobId}/${term.number}`;
    let files = known.get(key);
    if (files === undefined) {
      if (known.size >= IDENTITIES_MAX) known.clear();
      files = authority.operatorFiles(of, term);
      known.set(key, files);
    }
    return files;
  };
}
