/** Owns: a docker-archive's image by another name: as a registry would have it that the cluster cannot reach. */
import { execFile } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Writes it below `folder`, and gives its path. */
export async function retaggedImage(folder: string, archivePath: string, image: string): Promise<string> {
  const path = join(folder, "retagged.tar");
  const manifestPath = join(folder, "manifest.json");
  await copyFile(archivePath, path);
  await run("tar", ["--extract", "--file", path, "--directory", folder, "manifest.json"]);
  const images = JSON.parse(await readFile(manifestPath, "utf8")) as readonly object[];
  await writeFile(manifestPath, JSON.stringify(images.map((one) => ({ ...one, RepoTags: [image] }))));
  await run("tar", ["--delete", "--file", path, "manifest.json"]);
  await run("tar", ["--append", "--file", path, "--directory", folder, "manifest.json"]);
  return path;
}
