/**
 * Owns: where an object lies in the REST API, written and read. Pure.
 * Called by: HttpKubernetesApi (writes), the HTTP face of the embedded API server (reads).
 *
 *   /api/<version> | /apis/<group>/<version>
 *     [/namespaces/<namespace>]/<plural>[/<name>[/<subresource>]]
 */
import { type Kind, resources } from "./objects.ts";

export type ApiPath = {
  readonly kind: Kind;
  /** null: all namespaces, for lists. */
  readonly namespace: string | null;
  readonly name: string | null;
  readonly subresource: "status" | "log" | null;
};

export function formatApiPath({ kind, namespace, name, subresource }: ApiPath): string {
  const { apiVersion, plural } = resources[kind];
  const parts = [
    apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`,
    ...(namespace === null ? [] : ["namespaces", encodeURIComponent(namespace)]),
    plural,
    ...(name === null ? [] : [encodeURIComponent(name)]),
    ...(subresource === null ? [] : [subresource]),
  ];
  return parts.join("/");
}

const PATH =
  /^\/(?:api\/([^/]+)|apis\/([^/]+\/[^/]+))(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+)(?:\/(status|log))?)?$/;

/** null: nothing lies there. */
export function parseApiPath(path: string): ApiPath | null {
  const [, core, grouped, namespace, plural, name, subresource] = PATH.exec(path) ?? [];
  const apiVersion = core ?? grouped;
  const found = Object.entries(resources).find(([, each]) => each.apiVersion === apiVersion && each.plural === plural);
  if (found === undefined || (name !== undefined && namespace === undefined)) return null;
  const [decodedNamespace, decodedName] = [decoded(namespace), decoded(name)];
  if (decodedNamespace === undefined || decodedName === undefined) return null;
  return {
    kind: found[0] as Kind,
    namespace: decodedNamespace,
    name: decodedName,
    subresource: subresource === "status" || subresource === "log" ? subresource : null,
  };
}

/** undefined: it cannot be decoded. */
function decoded(part: string | undefined): string | null | undefined {
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
