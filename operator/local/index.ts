/** Room `operator/local`: the embedded cluster: an API server in memory, and a kubelet that runs pods as processes. */
export {
  type LocalApiServer,
  type LocalApiServerOptions,
  openLocalApiServer,
  type PodLogs,
} from "./api-server/local-api-server.ts";
export type { ObjectLog } from "./api-server/object-log.ts";
