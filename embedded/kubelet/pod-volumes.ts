/**
 * Owns: a pod's volumes as folders.
 * Called by: container-plan.ts before each start, pod-worker.ts when a ConfigMap or a Secret changed.
 *
 * PV1 The files of a ConfigMap or a Secret change all at once: they lie behind one link, `..data`, that is replaced (as a kubelet does it).
 * PV2 An emptyDir is made once for a pod and lives as long: restarts of its container find what they wrote.
 * PV3 A claim is a folder of the kubelet, by namespace and name, that outlives pods.
 * PV4 Nothing is written outside the pod's folder, whatever keys and paths say.
 * PV6 Processes of this machine share its /tmp: an emptyDir there is that one, and no path below it means another place. A store or a
 *     job's module may lie there.
 * PV5 Folders and files are their owner's alone: configuration holds what only the job is to know.
 */
import { createHash } from "node:crypto";
import { readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makePrivateFolder, PRIVATE_FILE } from "../../base/index.ts";
import type { ConfigMap, Container, Pod, Secret, Volume } from "../../operator/kubernetes/api/index.ts";
import type { Mount } from "./text-rewriting.ts";

/** null: there is no such ConfigMap in the pod's namespace. */
export type ConfigMapReader = (name: string) => Promise<ConfigMap | null>;
/** As for ConfigMaps. */
export type SecretReader = (name: string) => Promise<Secret | null>;

export type VolumesContext = {
  /** Of this pod alone; removed with it by its owner. */
  readonly podFolder: string;
  /** Of all claims. */
  readonly claimsFolder: string;
  readonly readConfigMap: ConfigMapReader;
  readonly readSecret: SecretReader;
};

export type VolumesResult =
  | { readonly kind: "ready"; readonly mounts: readonly Mount[] }
  | { readonly kind: "refused"; readonly message: string };

const DATA_LINK = "..data";
const MACHINE_TMP = "/tmp";

/** Writes what is missing or changed of the pod's volumes, and says where the container's mounts are. */
export async function prepareVolumes(pod: Pod, container: Container, context: VolumesContext): Promise<VolumesResult> {
  const folders = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    const folder = await prepareVolume(pod, volume, context);
    if (folder.kind === "refused") return folder;
    folders.set(volume.name, folder.path);
  }
  const mounts: Mount[] = [];
  const ofMachine = (pod.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined).map(({ name }) => name);
  for (const mount of container.volumeMounts ?? []) {
    if (mount.mountPath === MACHINE_TMP && ofMachine.includes(mount.name)) continue; // PV6
    const folder = folders.get(mount.name);
    if (folder === undefined)
      return refused(`container ${container.name} mounts ${mount.name}, which is no volume of the pod`);
    if (mount.subPath !== undefined && !isInside(mount.subPath)) {
      return refused(`subPath ${mount.subPath} of mount ${mount.name} leads out of its volume`);
    }
    mounts.push({ mountPath: mount.mountPath.replace(/\/+$/, ""), path: join(folder, mount.subPath ?? "") });
  }
  return { kind: "ready", mounts };
}

/** Whether one of the pod's volumes shows this object. */
export function mounts(pod: Pod, kind: "ConfigMap" | "Secret", name: string): boolean {
  return (pod.spec.volumes ?? []).some(({ configMap, secret }) =>
    kind === "ConfigMap" ? configMap?.name === name : secret?.secretName === name,
  );
}

type VolumeResult =
  | { readonly kind: "ready"; readonly path: string }
  | { readonly kind: "refused"; readonly message: string };

const refused = (message: string) => ({ kind: "refused", message }) as const;

async function prepareVolume(pod: Pod, volume: Volume, context: VolumesContext): Promise<VolumeResult> {
  const path = join(context.podFolder, "volumes", volume.name);
  const files = await filesOf(volume, context);
  if (files !== null) {
    if (files.kind === "refused") return files;
    await writeAtOnce(path, files.files);
    return { kind: "ready", path };
  }
  if (volume.emptyDir !== undefined) {
    await makePrivateFolder(path);
    return { kind: "ready", path };
  }
  if (volume.persistentVolumeClaim !== undefined) {
    const claim = join(context.claimsFolder, pod.metadata.namespace, volume.persistentVolumeClaim.claimName);
    await makePrivateFolder(claim);
    return { kind: "ready", path: claim };
  }
  return refused(
    `volume ${volume.name} is of a kind that the embedded cluster does not have. It has configMap, secret, emptyDir and persistentVolumeClaim.`,
  );
}

type Files = ReadonlyMap<string, Buffer>;

type FilesResult =
  | { readonly kind: "ready"; readonly files: Files }
  | { readonly kind: "refused"; readonly message: string };

/** null: the volume shows no object. */
async function filesOf({ configMap, secret }: Volume, context: VolumesContext): Promise<FilesResult | null> {
  if (configMap !== undefined) {
    const { name = "" } = configMap;
    const object = await context.readConfigMap(name);
    return chosenFiles(`configmap "${name}"`, object, configMap.items, "utf8");
  }
  if (secret === undefined) return null;
  const { secretName = "" } = secret;
  const object = await context.readSecret(secretName);
  return chosenFiles(`secret "${secretName}"`, object, secret.items, "base64");
}

function chosenFiles(
  what: string,
  object: ConfigMap | Secret | null,
  items: readonly { readonly key: string; readonly path: string }[] | undefined,
  encoding: "utf8" | "base64",
): FilesResult {
  if (object === null) return refused(`${what} not found`);
  const data = object.data ?? {};
  const files = new Map<string, Buffer>();
  for (const { key, path } of items ?? Object.keys(data).map((name) => ({ key: name, path: name }))) {
    const text = data[key];
    if (text === undefined) return refused(`${what} has no key "${key}"`);
    if (!isInside(path)) return refused(`path "${path}" of ${what} leads out of its volume`);
    files.set(path, Buffer.from(text, encoding));
  }
  return { kind: "ready", files };
}

/** PV4; names with `..` at their start are the kubelet's own. */
function isInside(path: string): boolean {
  return path !== "" && !path.startsWith("/") && path.split("/").every((part) => part !== "" && !part.startsWith(".."));
}

/** PV1. Nothing is written when nothing changed. */
async function writeAtOnce(folder: string, files: Files): Promise<void> {
  await makePrivateFolder(folder);
  const before = await linkTarget(join(folder, DATA_LINK));
  const version = `..${contentName(files)}`;
  if (before === version) return;
  for (const [path, content] of files) {
    await makePrivateFolder(dirname(join(folder, version, path)));
    await writeFile(join(folder, version, path), content, { mode: PRIVATE_FILE });
  }
  await makePrivateFolder(join(folder, version));
  await replaceLink(join(folder, DATA_LINK), version);
  const names = new Set([...files.keys()].map((path) => path.split("/", 1)[0] ?? path));
  const present = (await readdir(folder)).filter((name) => !name.startsWith(".."));
  for (const name of names) if (!present.includes(name)) await symlink(join(DATA_LINK, name), join(folder, name));
  for (const name of present) if (!names.has(name)) await rm(join(folder, name), { force: true });
  if (before !== null) await rm(join(folder, before), { recursive: true, force: true });
}

/** Of equal files the same, so that a version is written once. */
function contentName(files: Files): string {
  const entries = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256");
  for (const [path, content] of entries) hash.update(`${path}\0${content.length}\0`).update(content);
  return hash.digest("hex").slice(0, 16);
}

async function replaceLink(link: string, target: string): Promise<void> {
  const next = `${link}.next`;
  await rm(next, { force: true });
  await symlink(target, next);
  await rename(next, link);
}

async function linkTarget(link: string): Promise<string | null> {
  try {
    return await readlink(link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
