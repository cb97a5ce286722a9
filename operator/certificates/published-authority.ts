/**
 * Owns: the ConfigMap in which people find the certificate that they have to trust, as kube-root-ca.crt is for the API server's.
 *
 * PUA1 It is written when what is there says something else, and only then: the certificates of one authority differ between replicas (RSA1),
 *     and any of them stays.
 */
import { createHash, X509Certificate } from "node:crypto";
import type { ConfigMap, KubernetesApi, ObjectKey } from "../kubernetes/api/index.ts";

const KEY = "ca.crt";

/** `ca`: PEM, of one certificate or several. Errors: those of the API. */
export async function publishAuthority(
  api: Pick<KubernetesApi, "get" | "apply">,
  { namespace, name }: ObjectKey,
  ca: string,
): Promise<void> {
  const present = await api.get("ConfigMap", { namespace, name });
  if (keysIn(present?.data?.[KEY] ?? "") === keysIn(ca)) return;
  const wanted: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data: { [KEY]: ca } };
  await api.apply("ConfigMap", wanted, { fieldManager: "streamjob-operator" });
}

/** Whose certificates these are; of what is none, nobody's. */
function keysIn(pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const keys = blocks.flatMap((block) => {
    try {
      const spki = new X509Certificate(block).publicKey.export({ format: "der", type: "spki" });
      return [createHash("sha256").update(spki).digest("hex")];
    } catch {
      return []; // written by somebody else: it is replaced
    }
  });
  return keys.join(" ");
}
