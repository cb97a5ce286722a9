/** Room `operator/kubernetes/client`: the port over HTTP: requests, credentials, watches. */
export { connectKubernetes, type ConnectOptions, type KubernetesConnection } from "./connect.ts";
export { type Credentials, fixedCredentials } from "./credentials.ts";
export { HttpKubernetesApi, type HttpKubernetesApiOptions } from "./http-api.ts";
export { HttpExchanger, type HttpExchangeOptions } from "./http-exchange.ts";
export { HttpReviews } from "./reviews.ts";
export { PortForwarder, type PortForwarderOptions } from "./port-forward.ts";
