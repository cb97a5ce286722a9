/** Room `embedded/api-server`: an API server in memory, with a log of its writes, and its HTTP face. */
export { type FileObjectLogOptions, openFileObjectLog, readObjectLog } from "./file-object-log.ts";
export { ADDRESS_PATH, type AddressOf, type HttpServer, type HttpServerOptions, serveHttp } from "./http-server.ts";
export {
  type LocalApiServer,
  type LocalApiServerOptions,
  openLocalApiServer,
  type PodLogs,
} from "./local-api-server.ts";
export type { ObjectLog } from "./object-log.ts";
