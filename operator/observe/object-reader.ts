/**
 * Owns: what this room needs of a watch cache: reading. The kinds that a look at a StreamJob reads.
 */
import type { Kind, Kinds, ObjectKey } from "../kubernetes/api/index.ts";

/** Kinds that the controller watches. */
export const watchedKinds = [
  "StreamJob",
  "StreamJobSnapshot",
  "Pod",
  "StatefulSet",
  "Service",
  "ConfigMap",
  "ControllerRevision",
  "PodDisruptionBudget",
] as const satisfies readonly Kind[];

export type WatchedKind = (typeof watchedKinds)[number];

/** The objects of one kind as they were last seen or written; an own write shows at once. */
export interface ObjectReader<K extends Kind> {
  get(key: ObjectKey): Kinds[K] | null;
  /** Those of the namespace with this value of an indexed label. */
  byLabel(namespace: string, label: string, value: string): readonly Kinds[K][];
  /** Those that have an owner reference to this uid. */
  byOwner(uid: string): readonly Kinds[K][];
}

export type ObjectReaders = { readonly [K in WatchedKind]: ObjectReader<K> };
