/**
 * Owns: parts that run: those of one test file, which end with it, and those of `npm run env -- up`, which stay.
 * Does not own: what a part is (part.ts), the process around each server (supervisor.ts).
 *
 * EEN1 A part that runs already is used and never stopped by others: one named by its environment variable, or one of `env up`.
 * EEN2 What an environment starts it stops, in the opposite order; if its process dies, the leash does (ESU1).
 * EEN3 Of one part an environment has one server, however many ask for it.
 * EEN4 Processes of one test run share what the run's setup has started: they find it by the environment variable SHARED.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";
import { cacheFolder, findBinary, isAlive } from "./binary.ts";
import type { Part, Place, Tell } from "./part.ts";
import type { Supervised } from "./supervisor.ts";

const READY_WITHIN_MS = 120_000;
/** A port that was free may be taken before the server has it. */
const ATTEMPTS = 3;
const supervisorPath = fileURLToPath(new URL("./supervisor.ts", import.meta.url));

/** A part that runs: what `env up` writes down of it, and what failures are asked for with. */
export type RunningPart = { readonly supervisorPid: number; readonly folder: string; readonly gives: unknown };

/** Names a file with a RunningPart by name: what other processes of a test run may use (EEN4). */
const SHARED = "STREAMJOB_TEST_ENVIRONMENT";

type Options = {
  readonly tell: Tell;
  /** True: what is started outlives this process (`env up`). */
  readonly isStanding?: boolean;
  /** True: what runs already is not used (EEN1 is for others). */
  readonly isAlone?: boolean;
};

export class Environment {
  readonly #options: Options;
  readonly #parts = new Map<string, Promise<unknown>>();
  readonly #running = new Map<string, RunningPart>();
  readonly #supervisors: ChildProcess[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** What the part gives, once it serves. Errors: it cannot be had, or does not start; with its log's last lines. */
  start<Gives>(part: Part<Gives>): Promise<Gives> {
    const known = this.#parts.get(part.name);
    if (known !== undefined) return known as Promise<Gives>;
    const started = this.#start(part);
    this.#parts.set(part.name, started);
    return started;
  }

  /** EEN2 */
  async stop(): Promise<void> {
    for (const supervisor of this.#supervisors.splice(0).toReversed()) await stopped(supervisor);
    this.#parts.clear();
    this.#running.clear();
  }

  /** Lets the other environments of this process and of those it starts find what runs here (EEN4). The answer takes that back. */
  async share(): Promise<() => Promise<void>> {
    const folder = await mkdtemp(join(tmpdir(), "streamjob-shared-"));
    const path = join(folder, "running.json");
    await writeFile(path, JSON.stringify(this.running()), { mode: 0o600 });
    process.env[SHARED] = path;
    return async () => {
      delete process.env[SHARED];
      await rm(folder, { recursive: true, force: true });
    };
  }

  /** Everything of ours that was started or found here, by name. */
  running(): Readonly<Record<string, RunningPart>> {
    return Object.fromEntries(this.#running);
  }

  /** Of those, what was started here, and so ends here. */
  started(): Readonly<Record<string, RunningPart>> {
    const pids = new Set(this.#supervisors.map(({ pid }) => pid));
    return Object.fromEntries([...this.#running].filter(([, { supervisorPid }]) => pids.has(supervisorPid)));
  }

  /** Has the programs of the parts, one after the other, since a build uses all processors. Errors: one cannot be had, or never run. */
  async prepare(parts: readonly Part[]): Promise<void> {
    for (const part of parts) part.assertPossible?.();
    for (const { binary, programs = [] } of parts) {
      for (const one of [binary, ...programs]) await findBinary(one, this.#options.tell);
    }
  }

  async #start<Gives>(part: Part<Gives>): Promise<Gives> {
    const { address } = part;
    const given = address === undefined ? undefined : process.env[address.variable];
    const isAlone = this.#options.isAlone === true;
    if (!isAlone && address !== undefined && given !== undefined && given !== "") return address.parse(given);
    const running = isAlone ? null : ((await readShared())[part.name] ?? (await readStanding(part.name)));
    if (running !== null) {
      this.#running.set(part.name, running);
      return running.gives as Gives;
    }
    const binary = await findBinary(part.binary, this.#options.tell);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#launch(part, binary);
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #launch<Gives>(part: Part<Gives>, binary: string): Promise<Gives> {
    const isStanding = this.#options.isStanding === true;
    const folder = isStanding
      ? await emptyFolder(standingFolder(part.name))
      : await mkdtemp(join(tmpdir(), `streamjob-${part.name}-`));
    const place: Place = {
      binary,
      folder,
      freePort,
      need: (other) => this.start(other),
      program: (other) => findBinary(other, this.#options.tell),
    };
    const { args, env = {}, afterwards = [], gives } = await part.launch(place);
    const logPath = join(folder, "log");
    const spec: Supervised = { command: binary, args, env, folder, logPath, hasLeash: !isStanding, afterwards };
    const supervisor = spawn(process.execPath, [supervisorPath, JSON.stringify(spec)], {
      stdio: [isStanding ? "ignore" : "pipe", "ignore", isStanding ? "ignore" : "inherit"],
      detached: true,
    });
    supervisor.unref();
    (supervisor.stdin as { unref?(): void } | null)?.unref?.();
    try {
      await untilReady(() => part.check(gives), supervisor);
    } catch (error) {
      await stopped(supervisor);
      const log = await readFile(logPath, "utf8").catch(() => "");
      await rm(folder, { recursive: true, force: true });
      throw new Error(`${part.name} did not start: ${String(error)}\n${log.split("\n").slice(-20).join("\n")}`, {
        cause: error,
      });
    }
    const running: RunningPart = { supervisorPid: supervisor.pid as number, folder, gives };
    this.#running.set(part.name, running);
    if (isStanding) await writeStanding(part.name, running);
    else this.#supervisors.push(supervisor);
    return gives;
  }
}

/** EEN4 */
async function readShared(): Promise<Readonly<Partial<Record<string, RunningPart>>>> {
  const path = process.env[SHARED];
  if (path === undefined || path === "") return {};
  return JSON.parse(await readFile(path, "utf8")) as Readonly<Record<string, RunningPart>>;
}

async function untilReady(check: () => Promise<void>, supervisor: ChildProcess): Promise<void> {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (hasEnded(supervisor)) throw new Error("it ended", { cause: error });
      if (Date.now() > deadlineMs)
        throw new Error(`it did not serve within ${READY_WITHIN_MS} ms: ${String(error)}`, { cause: error });
    }
    await wait(50);
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function stopped(supervisor: ChildProcess): Promise<void> {
  if (hasEnded(supervisor)) return;
  const ended = once(supervisor, "exit");
  supervisor.ref();
  supervisor.kill("SIGTERM");
  await ended;
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}

const standingFolder = (name: string): string => join(cacheFolder(), "environment", name);
const standingFile = (name: string): string => join(cacheFolder(), "environment", `${name}.json`);

async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** A part of `env up` that runs, or null. */
export async function readStanding(name: string): Promise<RunningPart | null> {
  const text = await readFile(standingFile(name), "utf8").catch(() => null);
  if (text === null) return null;
  const standing = JSON.parse(text) as RunningPart;
  return isAlive(standing.supervisorPid) ? standing : null;
}

async function writeStanding(name: string, standing: RunningPart): Promise<void> {
  await writeFile(standingFile(name), JSON.stringify(standing));
}

/** Stops a part of `env up`; false if none runs. */
export async function stopStanding(name: string): Promise<boolean> {
  const standing = await readStanding(name);
  await rm(standingFile(name), { force: true });
  if (standing === null) return false;
  process.kill(standing.supervisorPid, "SIGTERM");
  while (isAlive(standing.supervisorPid)) await wait(50);
  return true;
}

/** The log of a part of `env up`. */
export const standingLog = (name: string): string => join(standingFolder(name), "log");
