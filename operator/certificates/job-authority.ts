/**
 * Owns: the certificate authority of each incarnation, and what it certifies: the job's processes, and the operator to them.
 * Not here: when certificates are issued (operator/reconcile), who writes them (operator/apply), where the root is kept (root-secret.ts).
 *
 * AUT1 Everything is derived from one root and from whom it is for: nothing but the root is kept, and any operator that has it issues the
 *     same certificate for the same term, byte by byte. So no Secret of a job is ever read.
 * AUT2 An authority belongs to one namespace, job and incarnation: what is issued to one is worth nothing to another, whatever the status
 *     of a StreamJob says that somebody could write.
 * AUT3 Keys of authorities leave this file in no form.
 * AUT4 While a root is replaced, what is issued stands on one or on both, by its stage. Who issued stands first among those that are trusted.
 *     The operator itself trusts both, and can show itself by either: it does not know which stage a JobManager's files are of.
 */
import { createHash } from "node:crypto";
import { assert } from "../../base/index.ts";
import { formatPeerUri, type IdentityFiles, type PeerRole } from "../../security/index.ts";
import {
  type CertificateAuthority,
  type CertificateTerm,
  type IncarnationIdentity,
  incarnationName,
  jobManagerHost,
  restServiceName,
  type RootStage,
} from "../engine/index.ts";
import { certificatePem, privatePem } from "./certificate.ts";
import { createRestAuthority, type RestCertificate } from "./rest-authority.ts";
import { deriveKey } from "./root-keys.ts";

export const ROOT_BYTES = 32;
/** Authorities are as old as the root may be; what they certify has a term. */
const AUTHORITY_NOT_BEFORE_MS = Date.UTC(2026, 0, 1);

export type JobAuthority = CertificateAuthority & {
  /** The operator's own, for the JobManager of an incarnation: by the current root, and by the one before, while there is one (AUT4). */
  operatorFiles(of: IncarnationIdentity, term: CertificateTerm): readonly IdentityFiles[];
  /** The operator's own, for people and tools; `ca` is what they have to trust. */
  restFiles(content: RestCertificate): IdentityFiles;
};

/** `root`: 32 random bytes. `previous`: the root that it replaces, as long as something may stand on that. */
export function createJobAuthority(root: Buffer, previous: Buffer | null = null): JobAuthority {
  for (const each of previous === null ? [root] : [root, previous]) {
    assert(each.length === ROOT_BYTES, `a root has ${ROOT_BYTES} bytes, not ${each.length}`);
  }
  const filesBy = (root: Buffer, of: IncarnationIdentity, role: PeerRole, term: CertificateTerm): IdentityFiles => {
    const authority = deriveKey(root, "authority", of.namespace, of.job, of.jobId);
    const issuer = `StreamJob CA of ${of.jobId}`;
    const key = deriveKey(root, role, of.namespace, of.job, of.jobId, term.number);
    const ca = {
      subject: issuer,
      issuer,
      notBeforeMs: AUTHORITY_NOT_BEFORE_MS,
      notAfterMs: null,
      publicKey: authority.publicKey,
      issuerKey: authority,
      names: null,
    };
    const names = { uri: formatPeerUri({ jobId: of.jobId, role }), dns: dnsNames(of, role) };
    const { notBeforeMs, notAfterMs } = term;
    const own = { ...ca, subject: `StreamJob ${role}`, notBeforeMs, notAfterMs, publicKey: key.publicKey, names };
    return { ca: certificatePem(ca), cert: certificatePem(own), key: privatePem(key) };
  };
  const filesOf = (of: IncarnationIdentity, role: PeerRole, term: CertificateTerm, stage: RootStage): IdentityFiles => {
    const own = filesBy(root, of, role, term);
    if (stage === "current" || previous === null) return own;
    const old = filesBy(previous, of, role, term);
    return stage === "introducing" ? { ...old, ca: old.ca + own.ca } : { ...own, ca: own.ca + old.ca };
  };
  const oldRest = previous === null ? null : createRestAuthority(previous);
  const ownRest = createRestAuthority(root);
  return {
    roots: { current: fingerprintOf(root), previous: previous === null ? null : fingerprintOf(previous) },
    issue(of, term, stage = "current") {
      const jobManager = filesOf(of, "jobmanager", term, stage);
      const taskManager = filesOf(of, "taskmanager", term, stage);
      return {
        "ca.crt": jobManager.ca,
        "jobmanager.crt": jobManager.cert,
        "jobmanager.key": jobManager.key,
        "taskmanager.crt": taskManager.cert,
        "taskmanager.key": taskManager.key,
      };
    },
    operatorFiles: (of, term) =>
      (previous === null ? ["current" as const] : ["replacing" as const, "introducing" as const]).map((stage) =>
        filesOf(of, "operator", term, stage),
      ),
    restFiles(content) {
      const own = ownRest(content);
      if (oldRest === null) return own;
      // People have read the old one, and read both from now on; when it is gone, the new one certifies.
      const old = oldRest(content);
      return { ...old, ca: old.ca + own.ca };
    },
  };
}

const fingerprintOf = (root: Buffer): string =>
  createHash("sha256").update("fingerprint").update(root).digest("hex").slice(0, 8);

/** So that other clients of REST can check it by its address. */
function dnsNames({ namespace, job, incarnation }: IncarnationIdentity, role: PeerRole): readonly string[] {
  if (role !== "jobmanager") return [];
  const service = `${restServiceName(job)}.${namespace}.svc`;
  return [
    jobManagerHost(namespace, job, incarnation),
    `${incarnationName(job, incarnation)}.${namespace}.svc`,
    service,
  ];
}
