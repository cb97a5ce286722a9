/**
 * Owns: programs that only a distribution has, taken from its packages without installing them: the machine stays as it is.
 * Called by: the parts of cluster/.
 *
 * EDP1 What is unpacked is one tree that can be laid over `/usr`: what the packages put into /bin, /sbin and /lib lies in it too.
 * EDP3 Scripts of packages do not run: the links that they would make (update-alternatives) are made here, where somebody needs them.
 * EDP2 Packages are named with the libraries they need, since one that the machine has today may be gone tomorrow.
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Binary, Tell } from "./part.ts";

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** A folder `usr` with these packages. `version`: changes with the list. `links`: EDP3, from a name below `usr` to what it means beside it. */
export function debianTree(
  version: string,
  packages: readonly string[],
  links: Readonly<Record<string, string>> = {},
): Binary {
  return {
    command: "usr",
    version,
    mayBeOnPath: false,
    build: async (folder, tell) => {
      await unpack(packages, folder, tell);
      for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, "usr", name));
    },
  };
}

async function unpack(packages: readonly string[], folder: string, tell: Tell): Promise<void> {
  tell(`downloading ${packages.length} Debian packages, once: some seconds`);
  const scratch = await mkdtemp(join(tmpdir(), "streamjob-packages-"));
  try {
    await download(packages, scratch);
    const tree = join(scratch, "tree");
    for (const file of (await readdir(scratch)).filter((name) => name.endsWith(".deb"))) {
      await run("dpkg-deb", ["--extract", join(scratch, file), tree]);
    }
    await mkdir(join(folder, "usr"));
    await chmod(folder, 0o755);
    // EDP1
    for (const part of ["usr", "bin", "sbin", "lib", "lib64"]) {
      if (!existsSync(join(tree, part))) continue;
      const target = part === "usr" ? join(folder, "usr") : join(folder, "usr", part);
      await cp(join(tree, part), target, { recursive: true, verbatimSymlinks: true });
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function download(packages: readonly string[], folder: string): Promise<void> {
  await mkdir(join(folder, "partial"));
  // --reinstall: those that the machine has are downloaded too. Nothing is installed.
  const args = ["--yes", "--reinstall", "--download-only", "--no-install-recommends", "--option"];
  const install = ["install", ...args, `Dir::Cache::archives=${folder}`, ...packages];
  try {
    await aptGet(install);
  } catch {
    // A fresh machine has no lists of packages yet, or old ones.
    await aptGet(["update"]);
    await aptGet(install);
  }
}

async function aptGet(args: readonly string[]): Promise<void> {
  try {
    await run("apt-get", ["--option", "APT::Sandbox::User=root", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing ? "this machine has no apt-get (Debian or Ubuntu is needed)" : lastLine(error);
    throw new Error(`packages cannot be had: ${why}`, { cause: error });
  }
}

const lastLine = (error: unknown): string =>
  ((error as { readonly stderr?: string }).stderr ?? String(error)).trim().split("\n").at(-1) ?? "";
