/**
 * Owns: finding a part's program: the path in an environment variable → the cache → the PATH → built once into the cache.
 * Called by: environment.ts.
 *
 * EBI1 A program is in the cache whole or not at all: it is built beside its place and moved there.
 * EBI2 Of several processes that want the same program one builds it; the others wait. One that died is no obstacle.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Binary, Tell } from "./part.ts";

/** `$XDG_CACHE_HOME/streamjob`. */
export function cacheFolder(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "streamjob");
}

/** The environment variable with a program's path: `STREAMJOB_BINARY_KUBE_APISERVER` for `kube-apiserver`. */
export function binaryVariable(command: string): string {
  return `STREAMJOB_BINARY_${command.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}

/** The path of the program. Errors: what the build says. */
export async function findBinary(binary: Binary, tell: Tell): Promise<string> {
  const { command, version } = binary;
  const variable = binaryVariable(command);
  const given = process.env[variable];
  if (given !== undefined && given !== "") {
    if (!existsSync(given)) throw new Error(`${variable} names ${given}, which does not exist`);
    return given;
  }
  const folder = join(cacheFolder(), "parts", `${command}-${version}`);
  const path = join(folder, command);
  if (existsSync(path)) return path;
  const onPath = binary.mayBeOnPath === false ? undefined : findOnPath(command);
  if (onPath !== undefined) return onPath;
  await mkdir(join(folder, ".."), { recursive: true });
  await withLock(`${folder}.lock`, async () => {
    if (!existsSync(path)) await build(binary, folder, tell);
  });
  return path;
}

function findOnPath(command: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

/** EBI1 */
async function build(binary: Binary, folder: string, tell: Tell): Promise<void> {
  const beside = await mkdtemp(`${folder}.building-`);
  try {
    await binary.build(beside, tell, folder);
    if (!existsSync(join(beside, binary.command))) throw new Error(`the build made no ${binary.command}`);
    await rename(beside, folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** EBI2 */
export async function withLock(path: string, act: () => Promise<void>): Promise<void> {
  while (!(await takeLock(path))) await wait(200);
  try {
    await act();
  } finally {
    await rm(path, { force: true });
  }
}

async function takeLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const holder = Number(await readFile(path, "utf8").catch(() => ""));
  if (holder > 0 && !isAlive(holder)) await rm(path, { force: true });
  return false;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isZombie(pid);
}

/** Ended, and not yet looked after by its parent, which may take seconds. Only Linux says so. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false; // gone since, or no Linux
  }
}
