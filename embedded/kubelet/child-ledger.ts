/**
 * Owns: which processes a kubelet has started, on disk, so that the next one on the same folder can end those left over.
 * Called by: process-kubelet.ts.
 *
 * CHL1 A process is killed only if it is the very one that was written down (PRI1). Ids are given again; a stranger is never killed.
 * CHL2 `reap` returns only when every process of the ledger is gone: a pod's next process never meets its last one.
 */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Clock,
  type Log,
  makePrivateFolder,
  PRIVATE_FILE,
  processIdentity,
  sleep,
  StreamError,
} from "../../base/index.ts";
import { killGroup } from "./container-process.ts";

const GONE_POLL_MS = 10;
const GONE_LIMIT_MS = 10_000;

type Entry = { readonly pid: number; readonly identity: string; readonly pod: string };

export class ChildLedger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a process down. One that is gone already is not. */
  async add(pid: number, pod: string): Promise<void> {
    const identity = processIdentity(pid);
    if (identity === null) return;
    const entry: Entry = { pid, identity, pod };
    await makePrivateFolder(this.#folder);
    await writeFile(this.#fileOf(pid), JSON.stringify(entry), { mode: PRIVATE_FILE });
  }

  /** After the process is gone. */
  async remove(pid: number): Promise<void> {
    await rm(this.#fileOf(pid), { force: true });
  }

  /** Kills what an earlier kubelet left (CHL1, CHL2). Errors: CONTROL_PLANE_UNAVAILABLE when one does not die. */
  async reap(clock: Clock, log: Log): Promise<void> {
    await makePrivateFolder(this.#folder);
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith(".json"));
    await Promise.all(
      files.map(async (name) => {
        const path = join(this.#folder, name);
        const entry = parseEntry(await readFile(path, "utf8"));
        if (entry !== null) await endLeftOver(entry, clock, log);
        await rm(path, { force: true });
      }),
    );
  }

  #fileOf(pid: number): string {
    return join(this.#folder, `${pid}.json`);
  }
}

/** null: cut off by a crash in the middle of writing; its process has lost its leash and ends by itself. */
function parseEntry(text: string): Entry | null {
  try {
    return JSON.parse(text) as Entry;
  } catch {
    return null;
  }
}

async function endLeftOver(entry: Entry, clock: Clock, log: Log): Promise<void> {
  const limitMs = clock.monotonicMs() + GONE_LIMIT_MS;
  let isTold = false;
  while (processIdentity(entry.pid) === entry.identity) {
    if (clock.monotonicMs() > limitMs) {
      throw new StreamError(
        "CONTROL_PLANE_UNAVAILABLE",
        `process ${entry.pid} of pod ${entry.pod} was left by an earlier control plane and does not die. End it (kill -9 ${entry.pid}), then start again.`,
      );
    }
    if (!isTold) log.info({ pid: entry.pid, pod: entry.pod }, "ending a process that an earlier control plane left");
    isTold = true;
    killGroup(entry.pid);
    await sleep(clock, GONE_POLL_MS);
  }
}
