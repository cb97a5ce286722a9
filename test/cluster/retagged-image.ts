/** Owns: a docker-archive's image by another name: as a registry would have it that the cluster cannot reach. */
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Writes it below `folder`, and gives its path. */
export async function retaggedImage(folder: string, archivePath: string, image: string): Promise<string> {
  const [path, unpacked] = [join(folder, "retagged.tar"), join(folder, "unpacked")];
  const manifestPath = join(unpacked, "manifest.json");
  await mkdir(unpacked);
  await run("tar", ["--extract", "--file", archivePath, "--directory", unpacked]);
  const images = JSON.parse(await readFile(manifestPath, "utf8")) as readonly object[];
  await writeFile(manifestPath, JSON.stringify(images.map((one) => ({ ...one, RepoTags: [image] }))));
  await run("tar", ["--create", "--file", path, "--directory", unpacked, "."]);
  return path;
}
