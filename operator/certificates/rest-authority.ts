/**
 * Owns: the authority of the operator's own REST endpoint, which people's tools trust, and what it certifies.
 * Not here: who serves there (operator/rest), where people find the authority's certificate (main).
 *
 * RSA1 Its key follows from the root, so every replica has the same authority; its certificate does not (CRT1), and any of them is as good.
 * RSA2 It certifies no process of a job, and no authority of a job certifies it.
 */
import type { IdentityFiles } from "../../security/index.ts";
import { certificatePem, privatePem } from "./certificate.ts";
import { deriveEcKey } from "./root-keys.ts";

const SUBJECT = "StreamJob REST CA";
const NOT_BEFORE_MS = Date.UTC(2026, 0, 1);

export type RestCertificate = {
  /** DNS names by which people reach it. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
};

/** `ca` in the answer is the authority's own certificate. */
export function createRestAuthority(root: Buffer): (content: RestCertificate) => IdentityFiles {
  const authority = deriveEcKey(root, "rest authority");
  const common = { issuer: SUBJECT, issuerKey: authority };
  const ca = certificatePem({
    ...common,
    subject: SUBJECT,
    notBeforeMs: NOT_BEFORE_MS,
    notAfterMs: null,
    publicKey: authority.publicKey,
    names: null,
  });
  return ({ names, notBeforeMs, notAfterMs }) => {
    const key = deriveEcKey(root, "rest", notBeforeMs, ...names);
    const content = { ...common, subject: "StreamJob operator", notBeforeMs, notAfterMs, publicKey: key.publicKey };
    return { ca, cert: certificatePem({ ...content, names: { uri: null, dns: names } }), key: privatePem(key) };
  };
}
