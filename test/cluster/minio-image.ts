/** Owns: a docker-archive with MinIO by the name that examples/11-kubernetes has for it: this environment's program on the cluster's busybox. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBusyboxArchive } from "../environment/index.ts";

const run = promisify(execFile);

type Manifest = readonly { readonly Config: string; readonly Layers: readonly string[] }[];
type Config = { readonly config: object; readonly rootfs: { readonly diff_ids: readonly string[] } };

/** Writes it below `folder`, and gives its path. `minio`: path of the program. */
export async function writeMinioImage(folder: string, minio: string, image: string): Promise<string> {
  const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder, name), "utf8")) as T;
  await mkdir(join(folder, "root", "bin"), { recursive: true });
  await run("tar", ["--extract", "--file", await findBusyboxArchive(), "--directory", folder]);
  await copyFile(minio, join(folder, "root", "bin", "minio"));
  const layer = ["--create", "--owner=0", "--group=0", "--file", join(folder, "minio.tar")];
  await run("tar", [...layer, "--directory", join(folder, "root"), "bin/minio"]);
  const diffId = `sha256:${createHash("sha256")
    .update(await readFile(join(folder, "minio.tar")))
    .digest("hex")}`;
  const busybox = (await read<Manifest>("manifest.json")).find(({ Config }) => Config === "busybox.json");
  const config = await read<Config>("busybox.json");
  const rootfs = { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, diffId] };
  await writeFile(join(folder, "minio.json"), JSON.stringify({ ...config, rootfs }));
  const layers = [...(busybox?.Layers ?? []), "minio.tar"];
  await writeFile(
    join(folder, "manifest.json"),
    JSON.stringify([{ Config: "minio.json", RepoTags: [image], Layers: layers }]),
  );
  const archive = join(folder, "minio-image.tar");
  await run("tar", ["--create", "--file", archive, "--directory", folder, "manifest.json", "minio.json", ...layers]);
  return archive;
}
