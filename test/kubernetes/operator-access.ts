/**
 * Owns: the operator's identity on a real API server, as the chart gives it: service account, roles and bindings, and a token of that account.
 *
 * OPA1 Nothing is granted here: what the chart does not render, the operator under test may not do.
 */
import { isApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import type { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { type Rendered, renderChart } from "../helm/chart.ts";

export type OperatorAccess = {
  readonly token: string;
  /** As audit logs have it. */
  readonly user: string;
};

const NAME = "streamjob-operator";
const plurals: Readonly<Record<string, string>> = {
  ServiceAccount: "serviceaccounts",
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
  Role: "roles",
  RoleBinding: "rolebindings",
};

export type OperatorPlace = {
  /** Of the release, its account and its Lease. */
  readonly namespace: string;
  /** Empty: all. */
  readonly watchNamespaces: readonly string[];
  /** More values of the chart. */
  readonly values?: object;
};

/** Installs what the chart says of rights, as `helm install` would, and asks for a token. */
export async function grantAccess(helm: string, admin: ClusterAdmin, place: OperatorPlace): Promise<OperatorAccess> {
  const { namespace, watchNamespaces } = place;
  const values = { storageRoot: "file:///state", watchNamespaces, ...place.values };
  for (const object of await renderChart(helm, { name: NAME, namespace, values })) {
    if (plurals[object.kind] !== undefined) await admin.ask("PATCH", `${pathOf(object)}?fieldManager=helm`, object);
  }
  return { token: await tokenOf(admin, namespace, NAME), user: `system:serviceaccount:${namespace}:${NAME}` };
}

/** A token of a service account, as a pod has it projected. `more`: of the request's spec. */
export async function tokenOf(
  admin: ClusterAdmin,
  namespace: string,
  account: string,
  more: object = {},
): Promise<string> {
  const spec = { expirationSeconds: 3600, ...more };
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const { status } = (await admin.ask("POST", path, request)) as { readonly status: { readonly token: string } };
  return status.token;
}

function pathOf({ apiVersion, kind, metadata }: Rendered): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `${group}${namespace}/${plurals[kind]}/${metadata.name}`;
}

/** Whether StreamJobs may be listed there: the server hears of roles, and of kinds, in its own time; of all rules of a role at once. */
export async function mayList(api: KubernetesApi, namespace: string | null): Promise<boolean> {
  try {
    await api.list("StreamJob", { namespace });
    return true;
  } catch (error) {
    if (isApiError(error, "Forbidden", "NotFound", "TooManyRequests")) return false;
    throw error;
  }
}
