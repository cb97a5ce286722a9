/**
 * Owns: Node and its libraries for an architecture that is not this machine's: the locked npm package, and Debian's libraries.
 * Called by: image.ts, for a base without a registry (IMB1). Nothing of it can be run here.
 *
 * IMF1 Node is the one of package-lock.json, by its checksum. Debian's packages are checked by apt; its own lists stay as they are.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "../test/environment/binary.ts";
import type { Binary, Tell } from "../test/environment/part.ts";
import { repositoryRoot } from "./find-node.mjs";
import { type Architecture, nodeArchitectures } from "./image-base.ts";

/** What Node's programs for Linux are linked with. */
const LIBRARIES = ["dl.so.2", "stdc++.so.6", "m.so.6", "gcc_s.so.1", "pthread.so.0", "c.so.6"].map(
  (name) => `lib${name}`,
);
const PACKAGES = ["libc6", "libstdc++6", "libgcc-s1"];
const places = {
  amd64: { triple: "x86_64-linux-gnu", interpreter: "/lib64/ld-linux-x86-64.so.2" },
  arm64: { triple: "aarch64-linux-gnu", interpreter: "/lib/ld-linux-aarch64.so.1" },
} as const;

/** Version and checksum of the locked package. */
export function lockedNode(architecture: Architecture): { readonly version: string; readonly integrity: string } {
  const lock = JSON.parse(readFileSync(join(repositoryRoot, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string } | undefined>>;
  };
  const name = `node-linux-${nodeArchitectures[architecture]}`;
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}`);
  return locked;
}

/** Fetched into the cache once. `libraries`: paths in the image → files here. */
export async function foreignNode(
  architecture: Architecture,
  tell: Tell,
): Promise<{ readonly node: string; readonly libraries: ReadonlyMap<string, string> }> {
  const node = await findBinary(foreignBinary(architecture), tell);
  const { triple, interpreter } = places[architecture];
  const debian = join(node, "..", "debian");
  const paths = [interpreter, ...LIBRARIES.map((name) => `/lib/${triple}/${name}`)];
  const libraries = paths.map((path): [string, string] => {
    const [found] = [path, `/usr${path}`].flatMap((each) => globSync(join(debian, each)));
    if (found === undefined) throw new Error(`Debian's packages ${PACKAGES.join(", ")} hold no ${path}`);
    return [path, found];
  });
  return { node, libraries: new Map(libraries) };
}

function foreignBinary(architecture: Architecture): Binary {
  const { version, integrity } = lockedNode(architecture);
  const name = `node-linux-${nodeArchitectures[architecture]}`;
  return {
    command: "node",
    version: `${architecture}-${version}`,
    mayBeOnPath: false,
    build: async (folder, tell) => {
      tell(`getting Node ${version} and Debian's libraries for ${architecture}, once`);
      run(folder, "npm", ["pack", `${name}@${version}`, "--silent"]);
      const archive = join(folder, `${name}-${version}.tgz`);
      const sum = createHash("sha512").update(readFileSync(archive)).digest("base64");
      if (`sha512-${sum}` !== integrity) throw new Error(`${name}@${version} is not the package of package-lock.json`);
      run(folder, "tar", ["-xzf", archive, "package/bin/node"]);
      renameSync(join(folder, "package", "bin", "node"), join(folder, "node"));
      fetchLibraries(join(folder, "apt"), join(folder, "debian"), architecture);
      for (const left of [archive, join(folder, "package"), join(folder, "apt")]) rmSync(left, { recursive: true });
    },
  };
}

/** With lists of its own: which architectures the machine installs stays as it is. */
function fetchLibraries(scratch: string, target: string, architecture: Architecture): void {
  for (const folder of ["state/lists/partial", "cache/archives/partial"])
    mkdirSync(join(scratch, folder), { recursive: true });
  writeFileSync(join(scratch, "status"), "");
  const settings = [
    `Dir::State=${join(scratch, "state")}`,
    `Dir::State::status=${join(scratch, "status")}`,
    `Dir::Cache=${join(scratch, "cache")}`,
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    "APT::Sandbox::User=root",
  ].flatMap((setting) => ["-o", setting]);
  run(scratch, "apt-get", [...settings, "update"]);
  run(scratch, "apt-get", [...settings, "download", ...PACKAGES]);
  for (const archive of globSync(join(scratch, "*.deb"))) run(scratch, "dpkg-deb", ["-x", archive, target]);
}

function run(folder: string, command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with exit code ${status}: ${stderr.trim()}`);
}
