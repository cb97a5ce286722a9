/**
 * Owns: which objects a list or a watch is about. Pure.
 */
import { objectAt, type StoredObject } from "./json-value.ts";

export type Selection = {
  /** null: all namespaces. */
  readonly namespace: string | null;
  /** All of these labels have these values; null: whatever labels. */
  readonly labels: Readonly<Record<string, string>> | null;
};

export function matchesLabels(object: StoredObject, labels: Selection["labels"]): boolean {
  if (labels === null) return true;
  const present = objectAt(object.metadata, "labels");
  return Object.entries(labels).every(([key, value]) => Object.hasOwn(present, key) && present[key] === value);
}

export function isSelected(object: StoredObject, { namespace, labels }: Selection): boolean {
  return (namespace === null || object.metadata.namespace === namespace) && matchesLabels(object, labels);
}
