/** Room `operator/kubernetes/contract`: what every implementation of the port KubernetesApi has to pass; only tests enter. */
export { describeKubernetesApi, type KubernetesApiTraits, type OpenedApi } from "./api-contract.ts";
