/**
 * Owns: root filesystems to build the image on where no image registry can be reached: the pinned Node and what it needs of this machine.
 * Does not own: the official bases, which the Dockerfile names; the image itself (image.ts).
 *
 * IMB1 It is as the distroless images are: Node in /nodejs/bin, certificates, time zones, the user nonroot (65532), no shell.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { repositoryRoot } from "./find-node.mjs";

/** Architectures by their names in images, with those of Node. */
export const nodeArchitectures = { amd64: "x64", arm64: "arm64" } as const;
export type Architecture = keyof typeof nodeArchitectures;

/** Files of the machine that are the same on every architecture. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const TIME_ZONES = "/usr/share/zoneinfo";

const TEXTS: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n",
  "etc/group": "root:x:0:\nnonroot:x:65532:\n",
  "etc/nsswitch.conf": "hosts: files dns\n",
};

/** The Node of this repository's packages, for this machine. */
export function pinnedNode(architecture: Architecture): string {
  const name = `node-linux-${nodeArchitectures[architecture]}`;
  const path = join(repositoryRoot, "node_modules", name, "bin", "node");
  if (!existsSync(path)) throw new Error(`the package ${name} is not installed: npm install --include=optional`);
  return path;
}

/** Writes the root filesystem into `root`, which need not exist. `libraries`: paths in the image → files here. */
export function writeBase(root: string, node: string, libraries: ReadonlyMap<string, string>): void {
  // Where a container's own file systems are mounted, which cannot be made in a root that is read-only.
  for (const folder of ["dev", "proc", "sys", "root", "etc/ssl/certs"])
    mkdirSync(join(root, folder), { recursive: true });
  mkdirSync(join(root, "tmp"));
  chmodSync(join(root, "tmp"), 0o1777);
  for (const [path, text] of Object.entries(TEXTS)) writeFileSync(join(root, path), text);
  const files = new Map([...libraries, ["/nodejs/bin/node", node], [CERTIFICATES, CERTIFICATES]]);
  for (const [path, source] of files) copy(source, join(root, path));
  if (existsSync(TIME_ZONES)) cpSync(TIME_ZONES, join(root, TIME_ZONES), { recursive: true, verbatimSymlinks: true });
}

/** npm of this machine and a shell, where the official images of Node have them. */
export function addBuildTools(root: string): void {
  const program = realpathSync(findOnPath("npm"));
  if (basename(program) !== "npm-cli.js") throw new Error(`npm on the PATH is ${program} and not npm-cli.js`);
  const target = join(root, "usr/local/lib/node_modules/npm");
  cpSync(dirname(dirname(program)), target, { recursive: true, dereference: true });
  mkdirSync(join(root, "usr/local/bin"));
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
  for (const path of ["/bin/sh", "/usr/bin/env"]) {
    for (const [library, source] of librariesOf(path)) copy(source, join(root, library));
    copy(path, join(root, path));
  }
}

function findOnPath(command: string): string {
  const paths = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, command));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${command} is not on the PATH`);
  return found;
}

function copy(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  cpSync(realpathSync(source), target);
}

/** What the dynamic linker of this machine loads for a program of this machine. */
export function librariesOf(program: string): ReadonlyMap<string, string> {
  const { status, stdout, stderr } = spawnSync("ldd", [program], { encoding: "utf8" });
  if (status !== 0) throw new Error(`ldd ${program} ended with exit code ${status}: ${stderr}`);
  const paths = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
  if (/not found/.test(stdout)) throw new Error(`this machine lacks a library that Node needs:\n${stdout}`);
  return new Map(paths.map((path) => [path, path]));
}
