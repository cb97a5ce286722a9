/**
 * Owns: which requests a JobManager's REST knows, as data, and what a caller needs for each.
 * Not here: what they do (runtime/rest), who asks for people (operator/rest). Pure.
 *
 * RTE1 This list is whole: runtime/rest serves exactly these, and nobody passes on any other.
 */

/** `read`: shows. `write`: changes something. `operator`: belongs to what an operator does with incarnations, and to nobody else. */
export type RouteAccess = "read" | "write" | "operator";

export type RestRoute = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** With `:name` for parameters; served under `/v1` too. */
  readonly path: string;
  readonly access: RouteAccess;
};

const routes = (method: RestRoute["method"], access: RouteAccess, paths: readonly string[]): RestRoute[] =>
  paths.map((path) => ({ method, path, access }));

export const restRoutes: readonly RestRoute[] = [
  ...routes("GET", "read", [
    "/overview",
    "/config",
    "/taskmanagers",
    "/metrics",
    "/jobs",
    "/jobs/overview",
    "/jobs/:jobId",
    "/jobs/:jobId/status",
    "/jobs/:jobId/plan",
    "/jobs/:jobId/execution-result",
    "/jobs/:jobId/exceptions",
    "/jobs/:jobId/metrics",
    "/jobs/:jobId/vertices/:vertexId/backpressure",
    "/jobs/:jobId/vertices/:vertexId/metrics",
    "/jobs/:jobId/vertices/:vertexId/watermarks",
    "/jobs/:jobId/vertices/:vertexId/subtasks/metrics",
    "/jobs/:jobId/vertices/:vertexId/subtasks/:subtask/metrics",
    "/jobs/:jobId/checkpoints",
    "/jobs/:jobId/checkpoints/config",
    "/jobs/:jobId/checkpoints/details/:checkpointId",
    "/jobs/:jobId/checkpoints/:triggerId",
    "/jobs/:jobId/savepoints/:triggerId",
    "/savepoint-disposal/:triggerId",
    "/streamjob/incarnation",
  ]),
  ...routes("PATCH", "write", ["/jobs/:jobId"]),
  ...routes("POST", "write", [
    "/jobs/:jobId/savepoints",
    "/jobs/:jobId/stop",
    "/jobs/:jobId/checkpoints",
    "/savepoint-disposal",
  ]),
  ...routes("PUT", "operator", ["/streamjob/activation"]),
  ...routes("POST", "operator", ["/streamjob/preflight", "/streamjob/collections"]),
  ...routes("GET", "operator", ["/streamjob/collections/:triggerId"]),
];

const PARAMETER = /^[A-Za-z0-9_-]{1,64}$/;

/** The route of a path without query; null: there is none. Parts that are equal to a route's go before its parameters. */
export function findRestRoute(method: string, path: string): RestRoute | null {
  const parts = path.replace(/^\/v1(?=\/)/, "").split("/");
  let found: RestRoute | null = null;
  for (const route of restRoutes) {
    if (route.method !== method) continue;
    const wanted = route.path.split("/");
    const isFit =
      wanted.length === parts.length &&
      wanted.every((part, i) => part === parts[i] || (part.startsWith(":") && PARAMETER.test(parts[i] ?? "")));
    if (!isFit) continue;
    if (found === null || countParameters(route.path) < countParameters(found.path)) found = route;
  }
  return found;
}

const countParameters = (path: string): number => path.split(":").length - 1;
