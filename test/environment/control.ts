/**
 * Owns: failures of a server on purpose: stopped, killed, frozen, started again, by whichever process of a test run.
 * Does not own: ending it for good (environment.ts). It asks the server's supervisor, which keeps the folder (ESU4).
 */
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { RunningPart } from "./environment.ts";
import type { Wanted } from "./supervisor.ts";

const WITHIN_MS = 60_000;
let requests = 0;

/** Ends the server and resolves when it has ended; SIGTERM lets it say good-bye. */
export async function stopServer(part: RunningPart, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  await want(part, { state: "stopped", signal });
  await until(`the server of ${part.folder} has ended`, () => !existsSync(pidPath(part)));
}

/** Starts it again, on the same port and data. It may not serve yet. */
export async function startServer(part: RunningPart): Promise<void> {
  await want(part, { state: "running" });
  await until(`the server of ${part.folder} runs`, () => existsSync(pidPath(part)));
}

/** Freezes the server with all its processes, or lets it go on: it holds its connections and answers nothing. */
export async function freezeServer(part: RunningPart, how: "SIGSTOP" | "SIGCONT"): Promise<void> {
  process.kill(-(await serverPid(part)), how);
}

/** Of the server itself. Errors: it does not run. */
export async function serverPid(part: RunningPart): Promise<number> {
  return Number(await readFile(pidPath(part), "utf8"));
}

const pidPath = ({ folder }: RunningPart): string => join(folder, "pid");

async function want({ folder, supervisorPid }: RunningPart, wanted: Wanted): Promise<void> {
  const path = join(folder, "wanted");
  const beside = `${path}.${process.pid}.${requests++}`;
  await writeFile(beside, JSON.stringify(wanted));
  await rename(beside, path);
  process.kill(supervisorPid, "SIGHUP");
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + WITHIN_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
    await wait(20);
  }
}
