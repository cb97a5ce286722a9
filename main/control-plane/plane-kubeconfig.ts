/**
 * Owns: the file `<folder>/kubeconfig` of an embedded control plane: how programs that know Kubernetes reach it, the operator in a process
 * of its own among them.
 *
 * PKC1 Only its owner may read it: the token is in it. It goes with the control plane that wrote it, as its token does.
 */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { PRIVATE_FILE } from "../../base/index.ts";

const NAME = "streamjob-embedded";

/** YAML for one who comes with a token. Without TLS, thus for loopback. */
export function kubeconfigText({ url, token }: { readonly url: string; readonly token: string }): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": NAME,
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: "default" } }],
    clusters: [{ name: NAME, cluster: { server: url } }],
    users: [{ name: NAME, user: { token } }],
  });
}

/** Path of the file. */
export function planeKubeconfig(folder: string): string {
  return join(folder, "kubeconfig");
}

/** Writes it whole or not at all. */
export function writePlaneKubeconfig(folder: string, address: { readonly url: string; readonly token: string }): void {
  const path = planeKubeconfig(folder);
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, kubeconfigText(address), { mode: PRIVATE_FILE });
  renameSync(temporary, path);
}

export function removePlaneKubeconfig(folder: string): void {
  rmSync(planeKubeconfig(folder), { force: true });
}
