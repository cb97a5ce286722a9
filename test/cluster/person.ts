/** Owns: a person of a cluster who may do only what a test says: a service account, its role, and a kubeconfig with its token. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Cluster } from "../environment/index.ts";

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};
type Kubeconfig = { readonly clusters: readonly { readonly name: string }[] };

const NAME = "person";

/** Path of the kubeconfig, below `folder`. The person's rights are those in `namespace`. */
export async function kubeconfigOfPerson(
  cluster: Cluster,
  namespace: string,
  folder: string,
  rules: readonly Rule[],
): Promise<string> {
  const metadata = { name: NAME, namespace };
  const apiGroup = "rbac.authorization.k8s.io";
  await cluster.apply(
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${apiGroup}/v1`, kind: "Role", metadata, rules },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup, kind: "Role", name: NAME },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
    },
  );
  const token = (await cluster.kubectl("create", "token", NAME, "--namespace", namespace)).trim();
  const admin = parse(await readFile(cluster.access.kubeconfig, "utf8")) as Kubeconfig;
  const of = { cluster: admin.clusters[0]?.name ?? "", user: NAME, namespace };
  const path = join(folder, "person.kubeconfig");
  const own = {
    users: [{ name: NAME, user: { token } }],
    contexts: [{ name: NAME, context: of }],
    "current-context": NAME,
  };
  await writeFile(path, stringify({ ...admin, ...own }));
  return path;
}
