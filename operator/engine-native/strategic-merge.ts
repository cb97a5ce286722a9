/**
 * Owns: Kubernetes' strategic merge of two pod templates (k8s.io/apimachinery, strategicpatch), as `kubectl patch` does it. Pure.
 * Does not own: what is merged with what (user-template.ts). Called by: user-template.ts.
 *
 * SMG1 Maps are merged member by member; a list is replaced, but for those of `mergeKeys`, whose elements are told apart by a member.
 *      An element of the patch that is in the list is merged into it, and one that is new stands before those that only the list has.
 * SMG2 null takes a member away. `$patch: delete` takes an element or a map's members away, `$patch: replace` puts the patch in place of
 *      the map or the list, and `$retainKeys` names the members that a map keeps.
 * SMG3 Neither argument is changed. An element without its key is appended: the API server says what it misses.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export type JsonMap = { readonly [name: string]: Json };

/** By the name of a list in a pod template, wherever it stands: the member that tells its elements apart (core/v1, patchMergeKey). */
export const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  volumes: "name",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  schedulingGates: "name",
  resourceClaims: "name",
  env: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
};
const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";

/** `original` with `patch` merged into it. */
export function strategicMerge(original: JsonMap, patch: JsonMap): JsonMap {
  if (patch[DIRECTIVE] === "delete") return {};
  const { [DIRECTIVE]: directive, [RETAIN_KEYS]: retained, ...members } = patch;
  if (directive === "replace") return members;
  const kept = Object.entries(original).filter(([name]) => !Array.isArray(retained) || retained.includes(name));
  const merged = new Map<string, Json>(kept);
  for (const [name, value] of Object.entries(members)) {
    const before = merged.get(name);
    const next = value === null ? undefined : mergeValue(name, before, value);
    if (next === undefined) merged.delete(name);
    else merged.set(name, next);
  }
  return Object.fromEntries(merged);
}

/** undefined: the member goes. */
function mergeValue(name: string, before: Json | undefined, value: Json): Json | undefined {
  if (isMap(before) && isMap(value)) return strategicMerge(before, value);
  if (!isList(before) || !isList(value)) return withoutDirectives(value);
  const key = mergeKeys[name];
  return key === undefined ? value : mergeList(before, value, key);
}

function mergeList(before: readonly Json[], patch: readonly Json[], key: string): readonly Json[] {
  if (![...before, ...patch].every(isMap)) return patch;
  const idOf = (item: Json): Json | undefined => (isMap(item) ? item[key] : undefined);
  const isSame = (left: Json, right: Json): boolean => idOf(left) !== undefined && idOf(left) === idOf(right);
  const directives = patch.filter((item) => isMap(item) && item[DIRECTIVE] !== undefined);
  const additions = patch.filter((item) => !directives.includes(item));
  const isReplaced = directives.some((item) => isMap(item) && item[DIRECTIVE] === "replace");
  if (isReplaced) return additions;
  const original = before.filter((item) => !directives.some((directive) => isSame(directive, item)));
  const merged: Json[] = [...original];
  for (const addition of additions) {
    const at = merged.findIndex((item) => isSame(item, addition));
    const found = merged[at];
    if (isMap(found) && isMap(addition)) merged[at] = strategicMerge(found, addition);
    else merged.push(withoutDirectives(addition) ?? {});
  }
  return inOrder(merged, { original, additions, isSame });
}

type Order = {
  readonly original: readonly Json[];
  readonly additions: readonly Json[];
  readonly isSame: (left: Json, right: Json) => boolean;
};

/** Elements of the patch in the patch's order; the others stand where the list has them, as far as both orders can be kept. */
function inOrder(merged: readonly Json[], { original, additions, isSame }: Order): readonly Json[] {
  const placeIn = (list: readonly Json[], item: Json): number => list.findIndex((each) => isSame(each, item));
  const patched = merged
    .filter((item) => placeIn(additions, item) >= 0)
    .toSorted((left, right) => placeIn(additions, left) - placeIn(additions, right));
  const others = merged.filter((item) => placeIn(additions, item) < 0);
  const ordered: Json[] = [];
  for (const item of patched) {
    const place = placeIn(original, item);
    while (others[0] !== undefined && place >= 0 && placeIn(original, others[0]) < place) {
      ordered.push(others[0]);
      others.shift();
    }
    ordered.push(item);
  }
  return ordered.concat(others);
}

/** What a patch means where there is nothing to merge it into. undefined: nothing. */
function withoutDirectives(value: Json): Json | undefined {
  if (isList(value)) return value.flatMap((item) => withoutDirectives(item) ?? []);
  if (!isMap(value)) return value;
  const { [DIRECTIVE]: directive, [RETAIN_KEYS]: _retained, ...members } = value;
  if (directive !== undefined && directive !== "replace") return undefined;
  const kept = Object.entries(members).flatMap(([name, member]) => {
    const next = member === null ? undefined : withoutDirectives(member);
    return next === undefined ? [] : [[name, next] as const];
  });
  return Object.fromEntries(kept);
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
