/**
 * Owns: what a request of the endpoint is about, read from its URL. Pure.
 *
 *   /namespaces/<namespace>/streamjobs/<name>/<path of the JobManager's REST>[?query]
 *
 * TGT1 It is read as it was sent, character by character: nothing is decoded or normalized, so nobody after this reads another path. No
 *     route needs an encoded character or a dot, and a path with one is none.
 * TGT2 Only routes of the contract are found (RTE1).
 */
import { findRestRoute, type RestRoute } from "../../contract/index.ts";
import type { RestVerb } from "./access.ts";

export type RestTarget = {
  readonly namespace: string;
  readonly job: string;
  /** Of the JobManager, with query. */
  readonly path: string;
  /** null: the JobManager's REST has no such route. */
  readonly route: RestRoute | null;
  /** What its user has to be allowed. */
  readonly verb: RestVerb;
};

const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const URL_FORM = new RegExp(
  `^/namespaces/(?<namespace>${LABEL})/streamjobs/(?<job>${LABEL})(?<path>/[A-Za-z0-9_/-]{1,500})(?<query>\\?[A-Za-z0-9._~!$&()*+,;=:@/?%-]{0,2000})?$`,
);

/** null: it names no StreamJob. */
export function parseTarget(method: string, url: string): RestTarget | null {
  const groups = URL_FORM.exec(url)?.groups;
  if (groups === undefined) return null;
  const { namespace = "", job = "", path = "", query = "" } = groups;
  const route = findRestRoute(method, path);
  return { namespace, job, path: `${path}${query}`, route, verb: method === "GET" ? "get" : "create" };
}
