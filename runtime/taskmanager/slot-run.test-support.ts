/**
 * Owns: a slot that runs one job module at a time, for tests: in this thread, or in one of its own; watched by what it says.
 * Not here: processes (test/integration).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { loadJobGraph } from "../program/index.ts";
import {
  type ErrorInfo,
  jobId,
  type Log,
  onNextTurn,
  setEnvironmentVariable,
  silentLog,
  systemClock,
  taskManagerId,
} from "../../base/index.ts";
import type { FromJobManager, TaskRef, ToJobManager } from "../rpc/index.ts";
import { SlotHost } from "./slot-host.ts";
import { type Patience, type SlotMemory, SlotThread } from "./slot-thread.ts";

const DEADLINE_MS = 60_000;

type Deploy = Extract<FromJobManager, { kind: "deploy" }>;

/** Waits until it holds; fails after a minute. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!holds()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`${what} did not come within a minute`);
    await new Promise<void>((resolve) => onNextTurn(resolve));
  }
}

/** The failures that tasks have reported. */
export function failuresOf(sent: readonly ToJobManager[]): readonly ErrorInfo[] {
  return sent.flatMap((message) =>
    message.kind === "taskState" && message.state.kind === "failed" ? [message.state.error] : [],
  );
}

/** The deployment of everything that a module builds, into one slot. `module`: its text. */
export async function deploymentOf(
  context: TestContext,
  module: string,
  slot: { readonly dataPort: number; readonly attempt?: number },
): Promise<{ readonly deploy: Deploy; readonly tasks: readonly TaskRef[]; readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-slot-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "job.ts");
  writeFileSync(path, module);
  const job = { jobId: JOB_ID, options: {}, predecessors: [], args: [] };
  const graph = await loadJobGraph({ ...job, module: path });
  const maxParallelism = graph.vertices.map((vertex) => vertex.maxParallelism);
  const tasks = graph.vertices.map(({ index }) => ({ vertex: index, subtask: 0, attempt: slot.attempt ?? 1 }));
  const location = { taskManagerId: taskManagerId("tm"), slot: 0, host: "127.0.0.1", dataPort: slot.dataPort };
  const deploy: Deploy = {
    kind: "deploy",
    epoch: 1,
    job: { ...job, program: { kind: "module", path }, maxParallelism, fingerprint: graph.fingerprint },
    target: { storeUri: `file://${folder}`, inlineOnly: false },
    tasks: tasks.map((task) => ({
      task,
      slot: 0,
      restore: [],
      isRestored: false,
      splits: graph.vertices[task.vertex]?.inEdges.length === 0 ? [{ part: 0, of: 1, next: 0 }] : null,
      inlineFiles: [],
    })),
    placements: tasks.map((task) => ({ task, location })),
  };
  return { deploy, tasks, path };
}

const JOB_ID = jobId("0".repeat(32));

export type SlotRun = {
  readonly host: SlotHost;
  readonly sent: readonly ToJobManager[];
  readonly tasks: readonly TaskRef[];
  /** Deploys and starts everything. */
  run(): Promise<void>;
  until(what: string, holds: () => boolean): Promise<void>;
  /** The first failure of a task, waited for. */
  failure(): Promise<ErrorInfo>;
};

/** A slot in this thread. */
export async function slotRun(context: TestContext, module: string, log: Log = silentLog): Promise<SlotRun> {
  const sent: ToJobManager[] = [];
  const host = await SlotHost.open({
    start: { jobId: JOB_ID, taskManagerId: "tm", slot: 0, host: "127.0.0.1", sleeping: new SharedArrayBuffer(4) },
    clock: systemClock,
    log,
    send: (message) => sent.push(message),
  });
  context.after(() => host.close());
  const { deploy, tasks } = await deploymentOf(context, module, { dataPort: host.exchange.dataPort });
  return {
    host,
    sent,
    tasks,
    run: async () => {
      await host.handle(deploy);
      await host.handle({ kind: "start", epoch: 1, tasks, asStopped: false });
    },
    until,
    failure: async () => {
      await until("a failure", () => failuresOf(sent).length > 0);
      return failuresOf(sent)[0] as ErrorInfo;
    },
  };
}

export type ThreadRun = {
  readonly thread: SlotThread;
  readonly sent: ToJobManager[];
  readonly logged: string[];
  /** Data ports that threads have listened at: one more for each thread that was started. */
  readonly ports: number[];
  /** Deploys and starts a module; its tasks, and the path of the module. */
  run(context: TestContext, module: string): Promise<{ readonly tasks: readonly TaskRef[]; readonly path: string }>;
};

/** A slot in a thread of its own, as in a TaskManager. To be closed by the caller. */
export async function threadRun(
  patience?: Patience,
  memory: SlotMemory = { heapMiB: 256, youngMiB: 64 },
): Promise<ThreadRun> {
  const sent: ToJobManager[] = [];
  const logged: string[] = [];
  const ports: number[] = [];
  const note = (facts: object, message: string): void => void logged.push(`${message} ${JSON.stringify(facts)}`);
  // The thread's own log would stand between the lines of the tests.
  setEnvironmentVariable("LOG_LEVEL", "silent");
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const thread = new SlotThread({
    start: { jobId: JOB_ID, taskManagerId: "tm", slot: 0, host: "127.0.0.1", sleeping: new SharedArrayBuffer(4) },
    memory,
    clock: systemClock,
    log,
    ...(patience === undefined ? {} : { patience }),
    send: (message) => sent.push(message),
    onListening: (port) => ports.push(port),
    onDeath: () => undefined,
    onHopeless: (error) => {
      throw error;
    },
  });
  await until("the thread", () => ports.length === 1);
  let attempt = 0;
  return {
    thread,
    sent,
    logged,
    ports,
    run: async (context, module) => {
      attempt += 1;
      const { deploy, tasks, path } = await deploymentOf(context, module, { dataPort: ports.at(-1) ?? 0, attempt });
      thread.forward(deploy);
      const isOf = (ref: TaskRef): boolean =>
        tasks.some((task) => task.vertex === ref.vertex && ref.attempt === task.attempt);
      await until(
        "the tasks",
        () => sent.filter((message) => message.kind === "taskState" && isOf(message.task)).length >= tasks.length,
      );
      thread.forward({ kind: "start", epoch: 1, tasks, asStopped: false });
      return { tasks, path };
    },
  };
}
