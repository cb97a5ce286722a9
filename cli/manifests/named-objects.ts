/**
 * Owns: finding the StreamJob, or another object, that a person named.
 *
 * NO1 A name that does not exist is answered with what there is: the nearest name, the namespace it is in, or all names.
 */
import { nearestName } from "../../crds/index.ts";
import type { KubernetesApi, Kinds } from "../../operator/kubernetes/api/index.ts";
import { StreamError } from "../../base/index.ts";

const NAMES_SHOWN_MAX = 8;

type Named = "StreamJob" | "StreamJobSnapshot";

/** Errors: OBJECT_NOT_FOUND. */
export async function getNamed<K extends Named>(
  api: KubernetesApi,
  kind: K,
  name: string,
  namespace: string,
): Promise<Kinds[K]> {
  const found = await api.get(kind, { namespace, name });
  if (found !== null) return found;
  throw new StreamError("OBJECT_NOT_FOUND", await notFoundText(api, kind, name, namespace), { destiny: "terminal" });
}

/** Every object of a kind, over all pages. */
export async function listAll<K extends keyof Kinds>(
  api: KubernetesApi,
  kind: K,
  selection: { readonly namespace: string | null; readonly labels?: Readonly<Record<string, string>> },
): Promise<readonly Kinds[K][]> {
  const items: Kinds[K][] = [];
  let token: string | null = null;
  do {
    const page: { readonly items: readonly Kinds[K][]; readonly continue: string | null } = await api.list(kind, {
      ...selection,
      limit: 500,
      ...(token === null ? {} : { continue: token }),
    });
    items.push(...page.items);
    token = page.continue;
  } while (token !== null);
  return items;
}

async function notFoundText(api: KubernetesApi, kind: Named, name: string, namespace: string): Promise<string> {
  const all = (await listAll(api, kind, { namespace: null })).map(({ metadata }) => metadata);
  const what = kind === "StreamJob" ? "StreamJob" : "snapshot";
  const missing = `there is no ${what} "${name}" in namespace ${namespace}`;
  const elsewhere = all.find((each) => each.name === name);
  if (elsewhere !== undefined)
    return `${missing}; there is one in namespace ${elsewhere.namespace}: add -n ${elsewhere.namespace}`;
  const names = all.filter((each) => each.namespace === namespace).map((each) => each.name);
  const nearest = nearestName(name, names);
  if (nearest !== undefined) return `${missing}; did you mean ${nearest}?`;
  if (names.length > 0) {
    const more = names.length > NAMES_SHOWN_MAX ? ", …" : "";
    return `${missing}; existing: ${names.slice(0, NAMES_SHOWN_MAX).join(", ")}${more}`;
  }
  const others = [...new Set(all.map((each) => each.namespace))];
  const hint = others.length === 0 ? "" : `, but in ${others.join(", ")}`;
  return kind === "StreamJob"
    ? `${missing}, nor any other${hint}; create one with \`streamjob apply <manifest>\``
    : `${missing}, nor any other${hint}; create one with \`streamjob savepoint <job>\``;
}

/** As kubectl shows objects: kind and metadata first, and who owns which field left away. */
export function readable(object: { readonly metadata: object }): object {
  const { apiVersion, kind, metadata, ...rest } = object as Readonly<Record<string, object>>;
  const { managedFields: _, ...shown } = metadata as { readonly managedFields?: unknown };
  return { apiVersion, kind, metadata: shown, ...rest };
}
