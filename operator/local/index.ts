/** Room `operator/local`: the embedded cluster: an API server in memory, and a kubelet that runs pods as processes. */
export {
  type LocalApiServer,
  type LocalApiServerOptions,
  openLocalApiServer,
  type PodLogs,
} from "./api-server/local-api-server.ts";
export type { ObjectLog } from "./api-server/object-log.ts";
export { InstantKubelet } from "./kubelet/instant-kubelet.ts";
export { ProcessKubelet, type ProcessKubeletOptions } from "./kubelet/process-kubelet.ts";
export {
  type ImageTable,
  type ImageTableOptions,
  imageTable,
  type Program,
  type Programs,
} from "./kubelet/programs.ts";
export { StatefulSetController, type StatefulSetControllerOptions } from "./workloads/stateful-set-controller.ts";
export {
  ADDRESS_PATH,
  type AddressOf,
  type HttpServer,
  type HttpServerOptions,
  serveHttp,
} from "./api-server/http-server.ts";
export { type FileObjectLogOptions, openFileObjectLog } from "./api-server/file-object-log.ts";
