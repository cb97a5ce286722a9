/**
 * Owns: what an object would be after it was applied, and whether it would be refused, with nothing sent.
 * How: an API server in memory that holds only the live object takes the manifest; it has the rules of the real one.
 * Called by: `diff`, `apply`, `run`.
 */
import { ApiError, isApiError, type Kinds } from "../../operator/kubernetes/api/index.ts";
import { openLocalApiServer, type ObjectLog } from "../../embedded/api-server/index.ts";
import type { Clock, Random } from "../../base/index.ts";
import type { ManifestKind, ManifestObject } from "./manifest-set.ts";
import type { ManifestProblem } from "./manifest-text.ts";
import { FIELD_MANAGER } from "./open-control-plane.ts";

export type Preview<K extends ManifestKind = ManifestKind> =
  | { readonly kind: "accepted"; readonly object: Kinds[K] }
  | { readonly kind: "refused"; readonly problems: readonly ManifestProblem[] };

type World = { readonly clock: Clock; readonly random: Random };

/** `live`: the object that is there; null: none. */
export async function previewApply(
  manifest: ManifestObject,
  live: Kinds[ManifestKind] | null,
  { clock, random }: World,
): Promise<Preview> {
  const server = await openLocalApiServer({
    clock,
    random,
    ...(live === null ? {} : { objectLog: holding(manifest.kind, live) }),
  });
  try {
    return {
      kind: "accepted",
      object: await server.apply(manifest.kind, manifest.object, { fieldManager: FIELD_MANAGER }),
    };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return { kind: "refused", problems: problemsOf(manifest, error) };
  } finally {
    await server.close();
  }
}

/** An API server's refusal, with the places of the fields that it names. */
export function problemsOf(manifest: ManifestObject, error: ApiError): readonly ManifestProblem[] {
  if (error.causes.length === 0) return [manifest.problem("", error.message)];
  return error.causes.map(({ field, message }) => manifest.problem(field, message));
}

/** The live object as a log that the server starts from; what is written after goes nowhere. */
function holding(kind: ManifestKind, live: Kinds[ManifestKind]): ObjectLog {
  type Loaded = Awaited<ReturnType<ObjectLog["load"]>>;
  const objects = [{ kind, object: live }] as unknown as Loaded["objects"];
  return {
    load: async () => ({ resourceVersion: Number.MAX_SAFE_INTEGER / 2, objects }),
    append: () => {},
    close: async () => {},
  };
}
