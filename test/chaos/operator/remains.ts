/**
 * Owns: what is left in an API server, as text that can be compared with another life's: every field of every object, but those that
 * differ by nature.
 *
 * SVR1 A field differs by nature if it did between calm lives; besides those: versions, uids, times, hashes, and who wrote what when.
 */
import type { AnyObject, KubernetesApi } from "../../../operator/kubernetes/api/index.ts";
import { watchedKinds } from "../../../operator/observe/index.ts";

/** `kind name path` → value. */
export type Remains = ReadonlyMap<string, string>;

/** SVR1. `lastCheckpoint` is written along with something else, or after minutes. */
const byNature = /^(metadata\.(managedFields|resourceVersion|uid)|status\.lastCheckpoint)\b/;
/** How often a child was changed: one that fails early is gone before everything points to it. */
const byNatureOfChildren = /^(metadata\.generation|status\.observedGeneration)$/;
/** What a real API server and its controllers add by themselves: an account's certificates, revisions of StatefulSets. */
export function isForeign({ metadata: { name, ownerReferences = [] }, kind }: AnyObject): boolean {
  return !name.startsWith("wc") || (kind === "ControllerRevision" && ownerReferences[0]?.kind === "StatefulSet");
}

export async function readRemains(api: KubernetesApi, namespace: string): Promise<Remains> {
  const remains = new Map<string, string>();
  for (const kind of watchedKinds) {
    const { items } = await api.list(kind, { namespace });
    const named = new Map<string, number>();
    for (const object of inOrderOfAge(items).filter((item) => !isForeign(item))) {
      const name = kind === "ControllerRevision" ? object.metadata.name : masked(object.metadata.name, namespace);
      const count = (named.get(name) ?? 0) + 1;
      named.set(name, count);
      addFields(remains, `${kind} ${name}${count === 1 ? "" : `~${count}`}`, object, namespace);
    }
  }
  return remains;
}

/** Names of some have nothing but a hash. */
function inOrderOfAge(items: readonly AnyObject[]): readonly AnyObject[] {
  const age = ({ metadata: { creationTimestamp = "", resourceVersion = "" } }: AnyObject): string =>
    `${creationTimestamp} ${resourceVersion.padStart(20, "0")}`;
  return items.toSorted((a, b) => (age(a) < age(b) ? -1 : 1));
}

function addFields(remains: Map<string, string>, of: string, object: AnyObject, namespace: string): void {
  const add = (path: string, value: unknown): void => {
    if (byNature.test(path) || (object.kind !== "StreamJob" && byNatureOfChildren.test(path))) return;
    if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) add(path === "" ? key : `${path}.${key}`, member);
    } else remains.set(`${of} ${path}`, masked(JSON.stringify(value), namespace));
  };
  add("", object);
}

function masked(text: string, namespace: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "*")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
    .replaceAll(/[0-9a-f]{8,}/g, "*")
    .replaceAll(/\bchk-\d+/g, "chk-<n>")
    .replaceAll(namespace, "<namespace>");
}

/** What is the same in all of them. */
export function commonRemains(lives: readonly Remains[]): {
  readonly fields: Remains;
  readonly differing: ReadonlySet<string>;
} {
  const keys = new Set(lives.flatMap((life) => [...life.keys()]));
  const [first] = lives;
  const differing = new Set([...keys].filter((key) => lives.some((life) => life.get(key) !== first?.get(key))));
  return { fields: new Map([...(first ?? [])].filter(([key]) => !differing.has(key))), differing };
}

/** In words; empty: the same, but for what differs by nature. */
export function differences(
  remains: Remains,
  reference: { readonly fields: Remains; readonly differing: ReadonlySet<string> },
): string[] {
  const keys = new Set([...remains.keys(), ...reference.fields.keys()]);
  return [...keys]
    .filter((key) => !reference.differing.has(key) && remains.get(key) !== reference.fields.get(key))
    .map(
      (key) => `${key}: ${remains.get(key) ?? "(not there)"} instead of ${reference.fields.get(key) ?? "(nothing)"}`,
    );
}
