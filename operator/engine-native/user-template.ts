/**
 * Owns: how a user's pod template and ours become one.
 *
 * UTP1 It adds to what is set here and never takes away: the container, its command and our variables stay.
 */
import type { PodTemplate as UserTemplate } from "../../crds/index.ts";
import { assert } from "../../base/index.ts";
import type { Container, PodSpec, PodTemplate } from "../kubernetes/api/index.ts";

type Named = { readonly name: string };

/** Lists of named things are merged by name, ours winning in what both set; the rest of the user's spec is taken as it is. */
export function withUserTemplate(ours: PodTemplate, theirs: UserTemplate | null): PodTemplate {
  if (theirs === null) return ours;
  // What a StreamJob's schema does not look at, the API server judges when the StatefulSet is made.
  const spec = (theirs.spec ?? {}) as unknown as Partial<PodSpec>;
  const [container] = ours.spec.containers;
  assert(container !== undefined, "a pod of ours has no container");
  const theirContainer = spec.containers?.find(({ name }) => name === container.name);
  const merged: Container = {
    ...theirContainer,
    ...container,
    env: mergeByName(theirContainer?.env ?? [], container.env ?? []),
    volumeMounts: mergeByName(theirContainer?.volumeMounts ?? [], container.volumeMounts ?? []),
  };
  const others = (spec.containers ?? []).filter(({ name }) => name !== container.name);
  return {
    metadata: {
      labels: { ...theirs.metadata?.labels, ...ours.metadata?.labels },
      ...(theirs.metadata?.annotations === undefined ? {} : { annotations: theirs.metadata.annotations }),
    },
    spec: {
      ...spec,
      ...ours.spec,
      containers: [merged, ...others],
      volumes: mergeByName(spec.volumes ?? [], ours.spec.volumes ?? []),
    },
  };
}

function mergeByName<T extends Named>(theirs: readonly T[], ours: readonly T[]): readonly T[] {
  const names = new Set(ours.map(({ name }) => name));
  return [...theirs.filter(({ name }) => !names.has(name)), ...ours];
}
