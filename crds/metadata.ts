/**
 * Owns: what every Kubernetes object has, as far as the operator uses it. Only types.
 * Used by: all rooms of the operator, which share it.
 */

/** Another object that owns this one: when the owner is gone, so is this. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The standard metadata. What the API server fills in is optional here, because an object that is yet to be created lacks it. */
export interface KubernetesMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  /** Opaque: compare for equality only. */
  readonly resourceVersion?: string;
  /** Counts changes of the spec, from 1. */
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  /** RFC 3339; there once the object is being deleted. */
  readonly deletionTimestamp?: string;
  /** Of a pod being deleted: how long its processes are given, from the deletion on. */
  readonly deletionGracePeriodSeconds?: number;
}

/** Any Kubernetes object. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubernetesMetadata;
}
