/** Owns: a docker-archive with an image that no node has yet. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemRandom } from "../../base/index.ts";
import { findBusyboxArchive } from "../environment/index.ts";

export type LoadableImage = {
  readonly image: string;
  readonly archivePath: string;
  /** Takes the archive away. */
  remove(): Promise<void>;
};

const run = promisify(execFile);

/** The cluster's busybox, by another name. */
export async function loadableImage(): Promise<LoadableImage> {
  const folder = await mkdtemp(join(tmpdir(), "streamjob-image-"));
  const image = `localhost/loaded:${systemRandom.hex(4)}`;
  await run("tar", ["--extract", "--file", await findBusyboxArchive(), "--directory", folder]);
  const manifestPath = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(manifestPath, "utf8")) as readonly { readonly Config: string }[];
  const busybox = manifest.filter(({ Config }) => Config === "busybox.json");
  await writeFile(manifestPath, JSON.stringify(busybox.map((one) => ({ ...one, RepoTags: [image] }))));
  const archivePath = join(folder, "image.tar");
  await run("tar", [
    "--create",
    "--file",
    archivePath,
    "--directory",
    folder,
    "manifest.json",
    "busybox.json",
    "layer.tar",
  ]);
  return { image, archivePath, remove: () => rm(folder, { recursive: true, force: true }) };
}
