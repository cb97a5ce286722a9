/**
 * Owns: reading who owns which fields of an object (metadata.managedFields). Only the API server writes it.
 */
import type { KubernetesObject } from "./objects.ts";

/** One manager's fields. `fieldsV1` is Kubernetes' tree of them: `f:<member>`, `k:<keys of an entry>`, `v:<value>`, `.` the field itself. */
export type ManagedFieldsEntry = {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: object;
  /** "status" when the fields were written through that subresource. */
  readonly subresource?: string;
};

/** The entries of an object as an API server gave it; empty when there are none. */
export function managedFieldsOf(object: KubernetesObject): readonly ManagedFieldsEntry[] {
  const metadata: object & { readonly managedFields?: readonly ManagedFieldsEntry[] } = object.metadata;
  return metadata.managedFields ?? [];
}
