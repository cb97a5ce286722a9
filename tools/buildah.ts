/**
 * Owns: buildah for a machine that can build no image: Debian's package and what it needs, unpacked in the cache. Nothing is installed.
 * Called by: image-builder.ts.
 *
 * BUH1 The program itself says where its libraries are: to run a step it starts a copy of itself, which has no place of its own and is given
 *     no LD_LIBRARY_PATH.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { Binary } from "../test/environment/part.ts";

/** Of a fault that a person can mend. */
const INSTEAD = "Install docker, podman or buildah; on Debian and Ubuntu: apt-get install buildah";

export const buildahBinary: Binary = {
  command: "buildah",
  version: "debian-2",
  build: async (folder, tell, home) => {
    if (process.getuid?.() !== 0)
      throw new Error(`no program that builds images works here, and buildah needs root. ${INSTEAD}`);
    tell("getting buildah from Debian's packages, once");
    const archives = join(folder, "archives");
    mkdirSync(join(archives, "partial"), { recursive: true });
    // Packages that are installed are not fetched, so that the machine's own libraries are used.
    const download = ["install", "--yes", "--download-only", "--reinstall", "--no-install-recommends"];
    const into = ["-o", `Dir::Cache::archives=${archives}/`];
    const get = (): string | null => attempt("apt-get", [...download, ...into, "buildah", "patchelf"]);
    if (get() !== null) attempt("apt-get", ["update"]);
    const problem = get();
    if (problem !== null) throw new Error(`buildah cannot be had by apt-get. ${INSTEAD}\n${problem}`);
    for (const archive of globSync(`${archives}/*.deb`)) {
      const failed = attempt("dpkg-deb", ["-x", archive, join(folder, "files")]);
      if (failed !== null) throw new Error(failed);
    }
    rmSync(archives, { recursive: true });
    const program = "files/usr/bin/buildah";
    findsItsLibraries(join(folder, program), join(folder, "files"), home);
    // From its own place: the folder has another name while it is made.
    symlinkSync(program, join(folder, "buildah"));
  },
};

/** BUH1 */
function findsItsLibraries(program: string, files: string, home: string): void {
  const [libraries] = globSync(join(files, "usr/lib/*-linux-gnu"));
  if (libraries === undefined) return;
  const path = join(home, "files/usr/lib", basename(libraries));
  // Unlike a runpath, an rpath goes for the libraries of libraries, too.
  const set = ["--force-rpath", "--set-rpath", path, program];
  const failed = attempt(join(files, "usr/bin/patchelf"), set, { LD_LIBRARY_PATH: libraries });
  if (failed !== null) throw new Error(failed);
}

/** null: it succeeded; else what it said. */
function attempt(command: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): string | null {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", ...variables },
  });
  if (error !== undefined) return error.message;
  return status === 0 ? null : `${command} ended with exit code ${status}: ${stderr.trim()}`;
}
