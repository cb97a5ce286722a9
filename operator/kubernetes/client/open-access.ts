/**
 * Owns: reading which cluster is meant and who asks: from kubeconfigs, or from a pod's service account.
 * Does not own: what a kubeconfig says (kubeconfig-document.ts), what is made of it (plain-access.ts, library-access.ts).
 */
import { readFileSync, statSync } from "node:fs";
import { isIPv6 } from "node:net";
import { dirname, resolve } from "node:path";
import { parse as parseYaml } from "yaml";
import { environmentVariable, StreamError } from "../../../base/index.ts";
import type { ClusterAccess, CredentialSource } from "./cluster-access.ts";
import { type ContextFields, contextFields, mergeKubeconfigs, parseKubeconfig } from "./kubeconfig-document.ts";
import { libraryAccess } from "./library-access.ts";
import { isPlain, plainAccess } from "./plain-access.ts";

/** Errors: KUBECONFIG_INVALID, KUBERNETES_CLIENT_MISSING. */
export async function openAccess(source: CredentialSource): Promise<ClusterAccess> {
  const where = source.kind === "kubeconfig" ? source.paths.join(", ") : "this pod's service account";
  try {
    const fields = source.kind === "kubeconfig" ? fieldsOf(source) : serviceAccount(source.root);
    if (!URL.canParse(fields.cluster.server))
      throw new Error(`its server ${JSON.stringify(fields.cluster.server)} is no URL`);
    return isPlain(fields) ? plainAccess(fields) : await libraryAccess(fields);
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new StreamError("KUBECONFIG_INVALID", `the kubeconfig ${where} cannot be used: ${what}`, { cause });
  }
}

function fieldsOf({ paths, context }: CredentialSource & { readonly kind: "kubeconfig" }): ContextFields {
  const documents = paths.flatMap((path) => {
    const isNeeded = paths.length === 1;
    if (!isNeeded && statSync(path, { throwIfNoEntry: false }) === undefined) return [];
    return [parseKubeconfig(parseYaml(readFileSync(path, "utf8")), dirname(resolve(path)))];
  });
  const document = mergeKubeconfigs(documents);
  const chosen = context ?? document["current-context"];
  if (chosen === null) throw new Error("it has no current-context: name a context");
  return contextFields(document, chosen);
}

/** As every pod has it. */
function serviceAccount(root: string): ContextFields {
  const [host, port] = [environmentVariable("KUBERNETES_SERVICE_HOST"), environmentVariable("KUBERNETES_SERVICE_PORT")];
  if (host === undefined || port === undefined)
    throw new Error("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not both say where the API server is");
  const folder = `${root}/var/run/secrets/kubernetes.io/serviceaccount`;
  const hasNamespace = statSync(`${folder}/namespace`, { throwIfNoEntry: false }) !== undefined;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return {
    name: "inClusterContext",
    cluster: { server, "certificate-authority": `${folder}/ca.crt` },
    user: { tokenFile: `${folder}/token` },
    namespace: hasNamespace ? readFileSync(`${folder}/namespace`, "utf8").trim() : null,
  };
}
