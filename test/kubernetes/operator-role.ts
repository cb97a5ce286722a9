/**
 * Owns: what the operator is allowed in a cluster: each verb that it uses, on what it uses it on, and nothing else.
 *
 * OPR1 No wildcard, and nothing of Secrets: pods name them, the operator never reads them.
 */

const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[]) => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});
const watched = ["get", "list", "watch"];
const managed = [...watched, "create", "patch", "delete"];

export const operatorRole = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "streamjob-operator" },
  rules: [
    rule("streamjob.dev", ["streamjobs"], [...watched, "patch"]),
    rule("streamjob.dev", ["streamjobsnapshots"], [...watched, "create", "patch", "delete"]),
    rule("streamjob.dev", ["streamjobs/status", "streamjobsnapshots/status"], ["update"]),
    rule("", ["configmaps", "services", "pods"], managed),
    rule("apps", ["statefulsets"], managed),
    rule("apps", ["controllerrevisions"], [...watched, "create", "delete"]),
    rule("policy", ["poddisruptionbudgets"], managed),
    rule("events.k8s.io", ["events"], ["create", "patch"]),
    rule("coordination.k8s.io", ["leases"], ["get", "create", "update"]),
  ],
};

export const operatorBinding = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "streamjob-operator" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: operatorRole.metadata.name },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "operator" }],
};
