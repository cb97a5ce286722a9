/** Room `operator/kubernetes/conformance`: what every implementation of the port KubernetesApi has to pass; only tests enter. */
export { describeKubernetesApi } from "./api-conformance.ts";
export { type ClusterAccess, ClusterAdmin } from "./cluster-admin.ts";
