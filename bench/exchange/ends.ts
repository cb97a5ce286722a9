/**
 * Owns: the ends of the measured channel as threads and processes: starting them, talking with them, ending them.
 *
 * ED1 An end that fails, ends by itself, or says nothing for SILENCE_MS beyond its time rejects what is waited for.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import { taskManagerId } from "../../base/index.ts";
import type { SlotLocation } from "../../runtime/rpc/index.ts";
import { follow } from "../measure/scratch.ts";
import { makeIdentity } from "./identity.ts";
import type { FromEnd, Passed, ToEnd } from "./end-messages.ts";
import type { RecordName } from "./records.ts";

const SILENCE_MS = 30_000;
const ENTRY = new URL("./end.ts", import.meta.url);

/** Where the two ends are. */
export type Distance = "one thread" | "two threads" | "two processes" | "two processes, TLS";
export const distances: readonly Distance[] = ["one thread", "two threads", "two processes", "two processes, TLS"];

/** What the receiver took, and what sending cost; null: in the receiver's own thread. */
export type Flow = { readonly received: Passed; readonly sent: Passed | null };

type End = {
  send(message: ToEnd): void;
  /** Rejects `workMs` + SILENCE_MS from now. */
  expect<K extends FromEnd["kind"]>(kind: K, workMs: number): Promise<Extract<FromEnd, { kind: K }>>;
  close(): Promise<void>;
};

/** Lets records flow over a channel for a while, from nothing. */
export async function measureFlow(distance: Distance, records: RecordName, measureMs: number): Promise<Flow> {
  const isRemote = distance.startsWith("two processes");
  const ends = isRemote ? [startProcess(), startProcess()] : startThreads(distance === "one thread" ? 1 : 2);
  const identity = distance === "two processes, TLS" ? makeIdentity() : null;
  try {
    const folder = identity?.folder ?? null;
    const locations = await Promise.all(ends.map((end, slot) => open(end, slot, isRemote, folder)));
    const run = { kind: "run", records, measureMs } as const;
    const [first, second] = ends as [End, End | undefined];
    const [here, there] = locations as [SlotLocation, SlotLocation | undefined];
    if (second === undefined || there === undefined) {
      first.send({ ...run, role: "both", peer: here });
      return { received: (await first.expect("measured", measureMs)).passed, sent: null };
    }
    second.send({ ...run, role: "receive", peer: here });
    first.send({ ...run, role: "send", peer: there });
    const [sent, received] = await Promise.all([
      first.expect("measured", measureMs),
      second.expect("measured", measureMs),
    ]);
    return { received: received.passed, sent: sent.passed };
  } finally {
    await Promise.all(ends.map((end) => end.close()));
    identity?.remove();
  }
}

async function open(end: End, slot: number, isRemote: boolean, identity: string | null): Promise<SlotLocation> {
  const id = isRemote ? `bench-${slot}` : "bench";
  // Threads have been opened when they were made: ports are handed over with them.
  if (isRemote) end.send({ kind: "open", slot: 0, taskManagerId: id, identity, shared: null });
  const { dataPort } = await end.expect("listening", 0);
  return { taskManagerId: taskManagerId(id), slot: isRemote ? 0 : slot, host: "127.0.0.1", dataPort };
}

function startThreads(count: 1 | 2): End[] {
  const sleeping = new SharedArrayBuffer(8);
  const { port1, port2 } = new MessageChannel();
  return [port1, port2].slice(0, count).map((port, slot) => {
    const worker = new Worker(ENTRY);
    const shared = { sleeping, peer: 1 - slot, port };
    worker.postMessage({ kind: "open", slot, taskManagerId: "bench", identity: null, shared } satisfies ToEnd, [port]);
    const inbox = new Inbox();
    worker.on("message", (message: FromEnd) => inbox.add(message));
    worker.once("error", (error) => inbox.fail(error));
    worker.once("exit", () => inbox.fail(new Error("a thread of the bench ended by itself")));
    return {
      send: (message) => worker.postMessage(message),
      expect: (kind, workMs) => inbox.expect(kind, workMs),
      close: async () => void (await worker.terminate()),
    };
  });
}

function startProcess(): End {
  const child = fork(fileURLToPath(ENTRY));
  follow(child);
  const inbox = new Inbox();
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      inbox.fail(new Error("a process of the bench ended by itself"));
      resolve();
    });
  });
  child.on("message", (message) => inbox.add(message as FromEnd));
  child.once("error", (error) => inbox.fail(error));
  return {
    send: (message) => void child.send(message),
    expect: (kind, workMs) => inbox.expect(kind, workMs),
    close: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** The messages of an end, each waited for by its kind. */
class Inbox {
  readonly #messages: FromEnd[] = [];
  #failure: Error | null = null;
  #wake: () => void = () => {};

  add(message: FromEnd): void {
    if (message.kind === "failed") return this.fail(new Error(message.reason));
    this.#messages.push(message);
    this.#wake();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  async expect<K extends FromEnd["kind"]>(kind: K, workMs: number): Promise<Extract<FromEnd, { kind: K }>> {
    const limit = setTimeout(
      () => this.fail(new Error(`an end of the channel has not said "${kind}" in time: its records do not flow`)),
      workMs + SILENCE_MS,
    );
    try {
      return await this.#next(kind);
    } finally {
      clearTimeout(limit);
    }
  }

  async #next<K extends FromEnd["kind"]>(kind: K): Promise<Extract<FromEnd, { kind: K }>> {
    for (;;) {
      const place = this.#messages.findIndex((message) => message.kind === kind);
      if (place !== -1) return this.#messages.splice(place, 1)[0] as Extract<FromEnd, { kind: K }>;
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
