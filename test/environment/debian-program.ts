/**
 * Owns: one program of a distribution's packages, to be run where it was unpacked: with its own libraries, and nothing installed.
 * Called by: the parts redis.ts, mariadb.ts.
 */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianTree } from "./debian-packages.ts";
import type { Binary } from "./part.ts";

export type DebianProgram = {
  /** Name of what is run. */
  readonly command: string;
  /** Changes with the list of packages, and with the script. */
  readonly version: string;
  /** With the libraries that they need. */
  readonly packages: readonly string[];
  /** Lines of sh; `$usr` is the folder of what was unpacked, and `$@` what the part passes. */
  readonly script: readonly string[];
};

export function debianProgram({ command, version, packages, script }: DebianProgram): Binary {
  const tree = debianTree(version, packages);
  return {
    command,
    version,
    // Another version would be found there, with other settings.
    mayBeOnPath: false,
    build: async (folder, tell, home) => {
      await tree.build(folder, tell, home);
      const lines = [
        "#!/bin/sh",
        "set -e",
        `usr="$(dirname "$(readlink -f "$0")")/usr"`,
        `export LD_LIBRARY_PATH="$(echo "$usr"/lib/*-linux-gnu)"`,
        ...script,
      ];
      const path = join(folder, command);
      await writeFile(path, `${lines.join("\n")}\n`);
      await chmod(path, 0o755);
    },
  };
}
