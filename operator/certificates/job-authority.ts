/**
 * Owns: the certificate authority of each incarnation, and what it certifies: the job's processes, and the operator to them.
 * Not here: when certificates are issued (operator/reconcile), who writes them (operator/apply), where the root is kept (root-secret.ts).
 *
 * AUT1 Everything is derived from one root and from whom it is for: nothing but the root is kept, and any operator that has it issues the
 *     same certificate for the same term, byte by byte. So no Secret of a job is ever read.
 * AUT2 An authority belongs to one namespace, job and incarnation: what is issued to one is worth nothing to another, whatever the status
 *     of a StreamJob says that somebody could write.
 * AUT3 Keys of authorities leave this file in no form.
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
} from "../engine/index.ts";
import { certificatePem, privatePem } from "./certificate.ts";
import { createRestAuthority, type RestCertificate } from "./rest-authority.ts";
import { deriveKey } from "./root-keys.ts";

export const ROOT_BYTES = 32;
/** Authorities are as old as the root may be; what they certify has a term. */
const AUTHORITY_NOT_BEFORE_MS = Date.UTC(2026, 0, 1);

export type JobAuthority = CertificateAuthority & {
  /** The operator's own, for the JobManager of an incarnation. */
  operatorFiles(of: IncarnationIdentity, term: CertificateTerm): IdentityFiles;
  /** The operator's own, for people and tools; `ca` is what they have to trust. */
  restFiles(content: RestCertificate): IdentityFiles;
};

/** `root`: 32 random bytes. */
export function createJobAuthority(root: Buffer): JobAuthority {
  assert(root.length === ROOT_BYTES, `a root has ${ROOT_BYTES} bytes, not ${root.length}`);
  const filesOf = (of: IncarnationIdentity, role: PeerRole, term: CertificateTerm): IdentityFiles => {
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
  return {
    fingerprint: createHash("sha256").update("fingerprint").update(root).digest("hex").slice(0, 8),
    issue(of, term) {
      const jobManager = filesOf(of, "jobmanager", term);
      const taskManager = filesOf(of, "taskmanager", term);
      return {
        "ca.crt": jobManager.ca,
        "jobmanager.crt": jobManager.cert,
        "jobmanager.key": jobManager.key,
        "taskmanager.crt": taskManager.cert,
        "taskmanager.key": taskManager.key,
      };
    },
    operatorFiles: (of, term) => filesOf(of, "operator", term),
    restFiles: createRestAuthority(root),
  };
}

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
