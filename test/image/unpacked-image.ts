/**
 * Owns: an image as a container runtime would run it, without one: its layers unpacked, its programs started in that root.
 * Called by: the tests of the image.
 *
 * UNP1 A program sees what it would see in a pod of the restricted kind: the image's user and variables, a root that is read-only, a
 *     /tmp that it may write to, and nothing else of this machine but /proc, /dev and the folder of the test. Needs root.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

type Manifest = readonly [
  { readonly Config: string; readonly RepoTags: readonly string[]; readonly Layers: readonly string[] },
];
export type ImageConfig = {
  readonly architecture: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
  };
};

/** What `docker run --read-only --tmpfs /tmp` does; arguments: root, folder of the test, working directory, user, group, program. */
const RUN = `set -e
root=$1 folder=$2 directory=$3 user=$4 group=$5
shift 5
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
exec unshare --root "$root" --wd "$directory" --setgid "$group" --setuid "$user" "$@"`;

export class UnpackedImage {
  readonly root: string;
  readonly config: ImageConfig;
  readonly tags: readonly string[];

  /** `folder`: empty; it holds the root from now on. */
  constructor(archive: string, folder: string) {
    this.root = join(folder, "root");
    const parts = join(folder, "parts");
    for (const path of [this.root, parts]) mkdirSync(path);
    execFileSync("tar", ["-xf", archive, "-C", parts]);
    const [manifest] = JSON.parse(readFileSync(join(parts, "manifest.json"), "utf8")) as Manifest;
    this.config = JSON.parse(readFileSync(join(parts, manifest.Config), "utf8")) as ImageConfig;
    this.tags = manifest.RepoTags;
    for (const layer of manifest.Layers) execFileSync("tar", ["-xf", join(parts, layer), "-C", this.root]);
    rmSync(parts, { recursive: true });
  }

  /** Starts the image's entry point (UNP1); `folder` keeps its path. Its stdin, stdout and stderr are pipes. */
  start(args: readonly string[], variables: Readonly<Record<string, string>>, folder: string): ChildProcess {
    const { User, Env, Entrypoint, WorkingDir } = this.config.config;
    const [user = "", group = ""] = User.split(":");
    const words = [this.root, folder, WorkingDir, user, group, ...Entrypoint, ...args];
    return spawn("unshare", ["--mount", "sh", "-c", RUN, "sh", ...words], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...Object.fromEntries(Env.map(variable)), ...variables },
    });
  }

  /** Bytes of all files. */
  get bytes(): number {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);
  }
}

function variable(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}
