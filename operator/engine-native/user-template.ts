/**
 * Owns: how a user's pod template and ours become one.
 *
 * UTP1 Three layers, each merged into the one before as Kubernetes merges a patch (SMG1): our defaults, the user's template, and what the
 *      pods cannot do without: names, images, arguments, our variables, ports, mounts and volumes, and all that the spec says by itself.
 * UTP2 Our container stays the first: `kubectl logs` shows it, and an image is read there (CHI3).
 * UTP3 A variable or a volume has one source: the source of a later layer takes the place of an earlier one's, as with `kubectl apply`.
 */
import { assert } from "../../base/index.ts";
import type { PodTemplate as UserTemplate } from "../../crds/index.ts";
import type { Container, PodSpec, PodTemplate } from "../kubernetes/api/index.ts";
import { isList, isMap, type Json, type JsonMap, strategicMerge } from "./strategic-merge.ts";

type Partially<Spec extends PodSpec> = Partial<Omit<Spec, "containers">> & {
  readonly containers: readonly [Partial<Container> & { readonly name: string }];
};

/** A part of a pod template, about the one container of ours. */
export type TemplateLayer = { readonly metadata?: PodTemplate["metadata"]; readonly spec: Partially<PodSpec> };

export type TemplateLayers = {
  /** A user may set them otherwise. */
  readonly defaults: TemplateLayer;
  /** null: none. What a StreamJob's schema does not look at, the API server judges when the StatefulSet is made. */
  readonly user: UserTemplate | null;
  readonly required: TemplateLayer;
};

/** UTP1 */
export function mergeTemplates({ defaults, user, required }: TemplateLayers): PodTemplate {
  const { containers = [] } = user?.spec ?? {};
  assert(Array.isArray(containers), "a pod template whose containers are no list passed validation");
  const layers = [user ?? {}, required].map((layer) => withRetainedKeys(layer as unknown as JsonMap));
  const merged = layers.reduce(strategicMerge, defaults as unknown as JsonMap) as unknown as PodTemplate;
  const ours = required.spec.containers[0].name;
  const first = merged.spec.containers.filter(({ name }) => name === ours);
  const others = merged.spec.containers.filter(({ name }) => name !== ours);
  return { ...merged, spec: { ...merged.spec, containers: [...first, ...others] } };
}

/** UTP3. Lists whose elements are one of several things. */
const unions = ["env", "volumes", "volumeMounts"];

function withRetainedKeys(patch: JsonMap): JsonMap {
  const members = Object.entries(patch).map(([name, value]): [string, Json] => {
    const isUnion = unions.includes(name);
    if (isList(value)) return [name, value.map((item) => retaining(item, isUnion))];
    return [name, isMap(value) ? withRetainedKeys(value) : value];
  });
  return Object.fromEntries(members);
}

function retaining(item: Json, isUnion: boolean): Json {
  if (!isMap(item)) return item;
  if (!isUnion) return withRetainedKeys(item);
  return "$patch" in item || "$retainKeys" in item ? item : { ...item, $retainKeys: Object.keys(item) };
}
