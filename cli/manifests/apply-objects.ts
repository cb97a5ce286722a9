/**
 * Owns: sending manifests: all checked, then each applied, with what became of it.
 * Called by: `apply`, `run`.
 *
 * AO1 Nothing is sent while anything is wrong with anything: half a change is worse than none.
 * AO2 A manifest is applied on the server's side: fields it no longer names go, fields of others stay.
 */
import { isApiError, type Kinds, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { ManifestKind, ManifestObject } from "./manifest-set.ts";
import type { ManifestProblem } from "./manifest-text.ts";
import { FIELD_MANAGER } from "./open-control-plane.ts";
import { previewApply, problemsOf } from "./preview.ts";

export type AppliedObject = {
  readonly manifest: ManifestObject;
  readonly outcome: "created" | "configured" | "unchanged";
  /** As the API server holds it now. */
  readonly object: Kinds[ManifestKind];
};

export type Applied = {
  readonly applied: readonly AppliedObject[];
  /** Not empty: nothing was sent, or (the server refused what the preview accepted) not all. */
  readonly problems: readonly ManifestProblem[];
};

/** Errors: those of the API that are no refusal of an object. */
export async function applyObjects(
  api: KubernetesApi,
  objects: readonly ManifestObject[],
  world: Pick<Terminal, "clock" | "random">,
): Promise<Applied> {
  const problems: ManifestProblem[] = [];
  for (const manifest of objects) {
    const live = await api.get(manifest.kind, keyOf(manifest));
    const preview = await previewApply(manifest, live, world);
    if (preview.kind === "refused") problems.push(...preview.problems);
  }
  if (problems.length > 0) return { applied: [], problems };
  const applied: AppliedObject[] = [];
  for (const manifest of objects) {
    try {
      applied.push(await applyOne(api, manifest));
    } catch (error) {
      if (!isApiError(error, "Invalid", "BadRequest", "Conflict", "Forbidden")) throw error;
      return { applied, problems: problemsOf(manifest, error) };
    }
  }
  return { applied, problems };
}

async function applyOne(api: KubernetesApi, manifest: ManifestObject): Promise<AppliedObject> {
  const { kind } = manifest;
  const before = await api.get(kind, keyOf(manifest));
  const object = await api.apply(kind, manifest.object, { fieldManager: FIELD_MANAGER });
  const outcome =
    before === null
      ? "created"
      : before.metadata.resourceVersion === object.metadata.resourceVersion
        ? "unchanged"
        : "configured";
  return { manifest, outcome, object };
}

const keyOf = ({ namespace, name }: ManifestObject) => ({ namespace, name });

/** `streamjob/wc created`. */
export function appliedLine({ manifest, outcome }: AppliedObject): string {
  const where = manifest.namespace === "default" ? "" : ` (namespace ${manifest.namespace})`;
  return `${manifest.kind.toLowerCase()}/${manifest.name}${where} ${outcome}`;
}
