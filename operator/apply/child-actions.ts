/**
 * Owns: writes of what a StreamJob owns: revisions, and the objects of its incarnations.
 *
 * CAC1 A name that something else has is never taken over, be it another's, or that of an earlier StreamJob of the same name, or one
 *     that is on its way out: the action stops and says so (P-10, P-19).
 * CAC2 Deletions are bound to a uid: what has come in its place stays. What is not there any more counts as deleted.
 * CAC3 A ConfigMap with files of a user's ConfigMap gets them once, when it is made: what becomes of the user's afterwards changes
 *     nothing of an incarnation that is there. Who may make a StreamJob may read that ConfigMap anyway, by a pod in its namespace.
 */
import type { KubernetesObject } from "../../crds/index.ts";
import {
  type ConfigMap,
  type ControllerRevision,
  isApiError,
  type Kind,
  type Kinds,
  type Pod,
} from "../kubernetes/api/index.ts";
import type { Child } from "../reconcile/index.ts";
import { type CopiedFiles, isOwnedBy } from "../engine/index.ts";
import { type ActionContext, call, FIELD_MANAGER, keyOf } from "./action-context.ts";
import { ActionStopped } from "./outcome.ts";
import type { WrittenCache, WrittenKind } from "./written-cache.ts";

/** `filesOf`: CAC3; null, the default: it has none. */
export async function applyChild(
  context: ActionContext,
  child: Child,
  filesOf: CopiedFiles | null = null,
): Promise<void> {
  // Kind and object belong together, which the compiler cannot know of a union.
  const object = child as Kinds["ConfigMap"];
  if (filesOf === null) return applyOfKind(context, object.kind, object);
  if ((await presentChild(context, "ConfigMap", object.metadata.name)) !== null) return;
  await applyOfKind(context, "ConfigMap", await withFilesOf(context, object, filesOf));
}

/** CAC3 */
async function withFilesOf(
  context: ActionContext,
  object: ConfigMap,
  { configMap: name, keys }: CopiedFiles,
): Promise<ConfigMap> {
  const source = await call(context, `get ConfigMap ${name}`, (signal) =>
    context.api.get("ConfigMap", keyOf(context, name), { signal }),
  );
  const refuse = (what: string): never => {
    throw new ActionStopped(`ConfigMap ${name}, which spec.job.configMap names, ${what}`, "refused");
  };
  if (source === null) return refuse("does not exist; create it");
  const { data: all = {}, binaryData = {} } = source;
  const binary = Object.keys(binaryData).find((key) => keys === null || keys.includes(key));
  if (binary !== undefined) refuse(`has binary data, ${binary}, which a job cannot have from there; use an image`);
  const missing = keys?.find((key) => !Object.hasOwn(all, key));
  if (missing !== undefined) refuse(`has no key ${missing}, which spec.job.configMap.items names; add it`);
  const data = keys === null ? all : Object.fromEntries(keys.map((key) => [key, all[key] ?? ""]));
  const reserved = Object.keys(object.data ?? {}).find((key) => Object.hasOwn(data, key));
  if (reserved !== undefined) refuse(`has the key ${reserved}, which is reserved; choose another name`);
  return { ...object, data: { ...data, ...object.data } };
}

async function applyOfKind<K extends Child["kind"]>(context: ActionContext, kind: K, child: Kinds[K]): Promise<void> {
  const { api } = context;
  const cache: WrittenCache<K> = context.caches[kind];
  await presentChild(context, kind, child.metadata.name);
  const { name } = child.metadata;
  const written = await call(context, `apply ${kind} ${name}`, (signal) =>
    api.apply(kind, child, { fieldManager: FIELD_MANAGER, force: true, signal }),
  );
  cache.noteWrite(written);
  refuseForeign(context, kind, written);
}

/** CAC1. null: it is not there. */
async function presentChild<K extends Child["kind"]>(
  context: ActionContext,
  kind: K,
  name: string,
): Promise<Kinds[K] | null> {
  const cache: WrittenCache<K> = context.caches[kind];
  // The caches hold only what carries our labels; what is not in them may be somebody else's.
  const present =
    cache.get(keyOf(context, name)) ??
    (await call(context, `get ${kind} ${name}`, (signal) => context.api.get(kind, keyOf(context, name), { signal })));
  if (present !== null) refuseForeign(context, kind, present);
  return present;
}

export async function deleteChild(context: ActionContext, kind: Kind, name: string, uid: string): Promise<void> {
  const { api } = context;
  try {
    await call(context, `delete ${kind} ${name}`, (signal) =>
      api.delete(kind, keyOf(context, name), { uid, propagation: "Background", signal }),
    );
  } catch (error) {
    // Conflict: another object has the name now, so the one that was meant is gone.
    if (isApiError(error, "NotFound", "Conflict")) return;
    throw error;
  }
  if (kind in context.caches) context.caches[kind as WrittenKind].noteDelete(keyOf(context, name), uid);
}

/** MIP1 */
export async function tryPod(context: ActionContext, pod: Pod): Promise<void> {
  try {
    await call(context, `try Pod ${pod.metadata.name}`, (signal) =>
      context.api.create("Pod", pod, { isDryRun: true, signal }),
    );
  } catch (error) {
    // It has come meanwhile; or a webhook that cannot try a pod without doing something says so, and nothing of the pod.
    const isNoAnswer =
      isApiError(error, "AlreadyExists") || (isApiError(error, "BadRequest") && DRY_RUN.test(error.message));
    if (!isNoAnswer) throw error;
  }
}

const DRY_RUN = /\bdry[- ]?run\b/i;

export async function createRevision(context: ActionContext, revision: ControllerRevision): Promise<void> {
  const { api, caches } = context;
  const { name } = revision.metadata;
  const key = keyOf(context, name);
  let stored: ControllerRevision | null;
  try {
    stored = await call(context, `create ControllerRevision ${name}`, (signal) =>
      api.create("ControllerRevision", revision, { signal }),
    );
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    stored = await call(context, `get ControllerRevision ${name}`, (signal) =>
      api.get("ControllerRevision", key, { signal }),
    );
  }
  if (stored === null) throw new ActionStopped(`ControllerRevision ${name} existed and is gone`, "outdated");
  refuseForeign(context, "ControllerRevision", stored);
  caches.ControllerRevision.noteWrite(stored);
}

export async function deleteRevision(context: ActionContext, name: string): Promise<void> {
  const present = context.caches.ControllerRevision.get(keyOf(context, name));
  if (present === null || !isOwnedBy(present, context.job.metadata.uid)) return;
  await deleteChild(context, "ControllerRevision", name, present.metadata.uid ?? "");
}

/** CAC1 */
function refuseForeign({ job }: ActionContext, kind: Kind, object: KubernetesObject): void {
  const { name, deletionTimestamp, ownerReferences = [] } = object.metadata;
  if (!isOwnedBy(object, job.metadata.uid)) {
    const owner = ownerReferences.find(({ controller }) => controller === true);
    const whose = owner === undefined ? "has no owner" : `belongs to ${owner.kind} ${owner.name} (uid ${owner.uid})`;
    throw new ActionStopped(
      `${kind} ${name} already exists and ${whose}; it does not belong to this StreamJob (uid ${job.metadata.uid}): delete it if it is not needed`,
      "refused",
    );
  }
  if (deletionTimestamp === undefined) return;
  const message = `${kind} ${name} is being deleted; its replacement is created when it is gone`;
  throw new ActionStopped(message, "waiting");
}
