/** Room `operator/engine-native`: our own engine behind the port `operator/engine`: its children, and the HTTP client of its JobManagers. */
export { createHttpJobManagerApi, type HttpJobManagerApi, type HttpJobManagerOptions } from "./http-jobmanager-api.ts";
export { createHttpRestRelay, type HttpRestRelay } from "./http-rest-relay.ts";
export { nativeEngine } from "./native-engine.ts";
