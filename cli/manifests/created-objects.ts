/**
 * Owns: what a `run` has created in a cluster, and deleting it again.
 *
 * CRO1 Only what was not there before; an object of the same name that another one has made since stays (its uid is the condition).
 */
import {
  isApiError,
  isOfOtherObject,
  type KubernetesApi,
  type ObjectKey,
} from "../../operator/kubernetes/api/index.ts";
import type { ManifestKind, ManifestObject } from "./manifest-set.ts";

type Created = { readonly kind: ManifestKind; readonly key: ObjectKey; readonly uid: string };

export class CreatedObjects {
  readonly #all: Created[] = [];

  note({ kind, namespace, name }: ManifestObject, uid: string): void {
    this.#all.push({ kind, key: { namespace, name }, uid });
  }

  keys(kind: ManifestKind): readonly ObjectKey[] {
    return this.#all.filter((each) => each.kind === kind).map(({ key }) => key);
  }

  /** Asks for it; jobs first, which need the others. Errors: ApiError. */
  async remove(api: KubernetesApi, say: (text: string) => void): Promise<void> {
    for (const { kind, key, uid } of this.#all.toReversed()) {
      try {
        await api.delete(kind, key, { uid });
        say(`${kind.toLowerCase()}/${key.name} is to be deleted`);
      } catch (error) {
        if (!isApiError(error, "NotFound") && !isOfOtherObject(error)) throw error;
      }
    }
  }
}
