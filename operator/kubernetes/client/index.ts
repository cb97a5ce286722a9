/** Room `operator/kubernetes/client`: the port over HTTP: requests, credentials, watches. */
export { HttpKubernetesApi, type HttpKubernetesApiOptions } from "./http-api.ts";
export { HttpExchanger, type HttpExchangeOptions } from "./http-exchange.ts";
