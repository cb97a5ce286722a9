/** Owns: a port to an API server as an object of its calls, as tests lay their own over single ones: `{ ...api, update }`. */
import type { KubernetesApi } from "../../operator/kubernetes/api/index.ts";

export const callsOf = (api: KubernetesApi): KubernetesApi => ({
  get: (kind, key, options) => api.get(kind, key, options),
  list: (kind, options) => api.list(kind, options),
  watch: (kind, options, onEvent) => api.watch(kind, options, onEvent),
  create: (kind, object, options) => api.create(kind, object, options),
  update: (kind, object, options) => api.update(kind, object, options),
  updateStatus: (kind, object, options) => api.updateStatus(kind, object, options),
  patch: (kind, key, patch, options) => api.patch(kind, key, patch, options),
  apply: (kind, object, options) => api.apply(kind, object, options),
  delete: (kind, key, options) => api.delete(kind, key, options),
  logs: (pod, options) => api.logs(pod, options),
});
