/**
 * Owns: the images that a cluster has without a registry: localhost/pause:1, which holds the namespaces of a pod, and localhost/busybox:1
 * for tests (sh, wget, httpd, nslookup, nc, …). Both are Debian's busybox
 * with the libraries of this machine's libc that it loads (the static one cannot resolve names), as one docker-archive in the cache.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { findBinary } from "../binary.ts";
import type { Binary, Tell } from "../part.ts";
import { nodeSoftware } from "./software.ts";

export const PAUSE_IMAGE = "localhost/pause:1";
export const BUSYBOX_IMAGE = "localhost/busybox:1";

const run = promisify(execFile);
/** As Go names them. */
const architectures: Readonly<Partial<Record<string, string>>> = { x64: "amd64", arm64: "arm64" };

/** A docker-archive with both. */
export const busyboxImages: Binary = {
  command: "images.tar",
  version: "busybox-2",
  mayBeOnPath: false,
  build: async (folder, tell) => {
    const scratch = await mkdtemp(join(folder, "scratch-"));
    try {
      await writeArchive(scratch, join(folder, "images.tar"), tell);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
};

/** Path of the archive. */
export const findBusyboxArchive = (): Promise<string> => findBinary(busyboxImages, () => undefined);

async function writeArchive(scratch: string, archivePath: string, tell: Tell): Promise<void> {
  const root = join(scratch, "root");
  for (const name of ["bin", "etc", "tmp", "proc", "sys", "dev"]) await mkdir(join(root, name), { recursive: true });
  const busybox = join(root, "bin", "busybox");
  await copyFile(join(await findBinary(nodeSoftware, tell), "bin", "busybox"), busybox);
  await copyLibraries(busybox, root);
  await writeFile(join(root, "etc", "nsswitch.conf"), "hosts: files dns\n");
  const { stdout } = await run(busybox, ["--list"]);
  for (const applet of stdout.split("\n").filter((name) => name !== "" && name !== "busybox")) {
    await symlink("busybox", join(root, "bin", applet));
  }
  const layer = join(scratch, "layer.tar");
  await run("tar", [
    "--create",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--file",
    layer,
    "--directory",
    root,
    ".",
  ]);
  const diffId = `sha256:${createHash("sha256")
    .update(await readFile(layer))
    .digest("hex")}`;
  const images = [
    { tag: PAUSE_IMAGE, file: "pause.json", command: ["/bin/sleep", "infinity"] },
    { tag: BUSYBOX_IMAGE, file: "busybox.json", command: ["/bin/sh"] },
  ];
  for (const { file, command } of images) {
    const config = {
      architecture: architectures[arch()] ?? arch(),
      os: "linux",
      config: { Cmd: command, Env: ["PATH=/bin"] },
      rootfs: { type: "layers", diff_ids: [diffId] },
    };
    await writeFile(join(scratch, file), JSON.stringify(config));
  }
  const manifest = images.map(({ tag, file }) => ({ Config: file, RepoTags: [tag], Layers: ["layer.tar"] }));
  await writeFile(join(scratch, "manifest.json"), JSON.stringify(manifest));
  const members = ["manifest.json", "layer.tar", ...images.map(({ file }) => file)];
  await run("tar", ["--create", "--file", archivePath, "--directory", scratch, ...members]);
}

/** Those that the program is linked with, and its loader, at the paths where it looks for them. */
async function copyLibraries(program: string, root: string): Promise<void> {
  const { stdout } = await run("ldd", [program]);
  for (const [path] of stdout.matchAll(/\/\S+/g)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(path, join(root, path));
  }
}
