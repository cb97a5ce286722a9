/** A door of room `base` of its own, for processes that serve health and metrics: only they load an HTTP server for it. */
export { type Endpoints, startEndpoints, type Verdict } from "./endpoint-server.ts";
