/**
 * Owns: the program `uninstall-check` of the image. The chart runs it before an uninstall that takes the definitions away, with three
 * arguments: the release, its namespace, its revision.
 *
 * UNC1 It refuses while the cluster has a StreamJob or a StreamJobSnapshot. With the definitions all of them would be deleted; without an
 *      operator nobody would take their finalizers away, and the definitions would be Terminating for ever.
 * UNC2 What cannot be seen is not gone: when the API server does not answer, or forbids it, it refuses too.
 */
import { createLog, systemClock } from "../base/index.ts";
import { isApiError, type Kind, type KubernetesApi } from "../operator/kubernetes/api/index.ts";
import { connectKubernetes } from "../operator/kubernetes/client/index.ts";
import { exitCodes } from "./process-messages.ts";

/** What is to be uninstalled. */
export type HelmRelease = { readonly name: string; readonly namespace: string; readonly revision: string };

/** The names of more say no more. */
const NAMED_MAX = 20;

/** Ends the process. */
export async function runUninstallCheck(): Promise<void> {
  const log = createLog({ process: "uninstall-check", pid: process.pid });
  try {
    const connection = await connectKubernetes({ clock: systemClock });
    const left = await objectsLeft(connection.api);
    connection.close();
    const [name = "RELEASE", namespace = "NAMESPACE", revision = "REVISION"] = process.argv.slice(3);
    if (left.length > 0) process.stdout.write(refusalOf(left, { name, namespace, revision }));
    process.exit(left.length > 0 ? exitCodes.refused : exitCodes.done);
  } catch (error) {
    log.error({ err: error }, "the cluster cannot be looked at, so nothing is uninstalled");
    process.exit(exitCodes.refused);
  }
}

/** Our objects of all namespaces, as `StreamJob shop/words`. Errors: UNC2. */
export async function objectsLeft(api: KubernetesApi): Promise<string[]> {
  const lists = await Promise.all((["StreamJob", "StreamJobSnapshot"] as const).map((kind) => listOf(api, kind)));
  return lists.flat();
}

async function listOf(api: KubernetesApi, kind: Kind): Promise<string[]> {
  try {
    const { items } = await api.list(kind);
    return items.map(({ metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
  } catch (error) {
    // The definition is gone already.
    if (isApiError(error, "NotFound")) return [];
    throw error;
  }
}

/** For whoever asked Helm to uninstall. The release counts as being uninstalled then, and takes no upgrade before a rollback. */
export function refusalOf(left: readonly string[], { name, namespace, revision }: HelmRelease): string {
  const more = left.length > NAMED_MAX ? [`  … and ${left.length - NAMED_MAX} more`] : [];
  return [
    "Nothing was uninstalled: crds.keep is false, so the definitions would go, and these with them:",
    ...left.slice(0, NAMED_MAX).map((one) => `  ${one}`),
    ...more,
    "Delete them first, while the operator is there to stop them, and uninstall again:",
    "  kubectl delete streamjobs,streamjobsnapshots --all --all-namespaces",
    `  helm uninstall --namespace ${namespace} ${name}`,
    "Or go on with the release:",
    `  helm rollback --namespace ${namespace} ${name} ${revision}`,
    "",
  ].join("\n");
}
