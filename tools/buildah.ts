/**
 * Owns: buildah for a machine that can build no image: Debian's package and what it needs, unpacked in the cache. Nothing is installed.
 * Called by: image-builder.ts.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Binary } from "../test/environment/part.ts";

/** Of a fault that a person can mend. */
const INSTEAD = "Install docker, podman or buildah; on Debian and Ubuntu: apt-get install buildah";

const LAUNCHER = `#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH=$(echo "$here"/files/usr/lib/*-linux-gnu) exec "$here/files/usr/bin/buildah" "$@"
`;

export const buildahBinary: Binary = {
  command: "buildah",
  version: "debian",
  build: async (folder, tell) => {
    if (process.getuid?.() !== 0)
      throw new Error(`no program that builds images works here, and buildah needs root. ${INSTEAD}`);
    tell("getting buildah from Debian's packages, once");
    const archives = join(folder, "archives");
    mkdirSync(join(archives, "partial"), { recursive: true });
    // Packages that are installed are not fetched, so that the machine's own libraries are used.
    const download = ["install", "--yes", "--download-only", "--reinstall", "--no-install-recommends"];
    const into = ["-o", `Dir::Cache::archives=${archives}/`];
    const get = (): string | null => attempt("apt-get", [...download, ...into, "buildah"]);
    if (get() !== null) attempt("apt-get", ["update"]);
    const problem = get();
    if (problem !== null) throw new Error(`buildah cannot be had by apt-get. ${INSTEAD}\n${problem}`);
    for (const archive of globSync(`${archives}/*.deb`)) {
      const failed = attempt("dpkg-deb", ["-x", archive, join(folder, "files")]);
      if (failed !== null) throw new Error(failed);
    }
    rmSync(archives, { recursive: true });
    writeFileSync(join(folder, "buildah"), LAUNCHER);
    chmodSync(join(folder, "buildah"), 0o755);
  },
};

/** null: it succeeded; else what it said. */
function attempt(command: string, args: readonly string[]): string | null {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (error !== undefined) return error.message;
  return status === 0 ? null : `${command} ended with exit code ${status}: ${stderr.trim()}`;
}
