/**
 * Owns: a slot in this thread that runs one job module, for tests: deployed, started, and watched by what it says.
 * Not here: threads and processes (test/integration).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { loadJobGraph } from "../api/index.ts";
import { type ErrorInfo, jobId, type Log, onNextTurn, silentLog, systemClock, taskManagerId } from "../base/index.ts";
import type { FromJobManager, TaskRef, ToJobManager } from "../rpc/index.ts";
import { SlotHost } from "./slot-host.ts";

const DEADLINE_MS = 60_000;

export type SlotRun = {
  readonly host: SlotHost;
  readonly sent: readonly ToJobManager[];
  readonly tasks: readonly TaskRef[];
  readonly deploy: Extract<FromJobManager, { kind: "deploy" }>;
  /** Deploys and starts everything. */
  run(): Promise<void>;
  /** Waits until it holds; fails after a minute. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** The first failure of a task, waited for. */
  failure(): Promise<ErrorInfo>;
};

/** `module`: the text of a job module. */
export async function slotRun(context: TestContext, module: string, log: Log = silentLog): Promise<SlotRun> {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-slot-"));
  const path = join(folder, "job.ts");
  writeFileSync(path, module);
  const sent: ToJobManager[] = [];
  const host = await SlotHost.open({
    start: { taskManagerId: "tm", slot: 0, host: "127.0.0.1", sleeping: new SharedArrayBuffer(4) },
    clock: systemClock,
    log,
    send: (message) => sent.push(message),
  });
  context.after(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const source = { jobId: jobId("0".repeat(32)), module: path, options: {}, predecessors: [], args: [] };
  const graph = await loadJobGraph({ ...source });
  const job = { ...source, maxParallelism: graph.vertices.map(({ maxParallelism }) => maxParallelism) };
  const tasks = graph.vertices.map(({ index }) => ({ vertex: index, subtask: 0, attempt: 1 }));
  const location = { taskManagerId: taskManagerId("tm"), slot: 0, host: "127.0.0.1", dataPort: host.exchange.dataPort };
  const deploy = {
    kind: "deploy" as const,
    epoch: 1,
    job: { ...job, fingerprint: graph.fingerprint },
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
  const failed = (): ErrorInfo | undefined =>
    sent.flatMap((message) =>
      message.kind === "taskState" && message.state.kind === "failed" ? [message.state.error] : [],
    )[0];
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    const deadlineMs = systemClock.monotonicMs() + DEADLINE_MS;
    while (!holds()) {
      if (systemClock.monotonicMs() > deadlineMs) throw new Error(`${what} did not come within a minute`);
      await new Promise<void>((resolve) => onNextTurn(resolve));
    }
  };
  return {
    host,
    sent,
    tasks,
    deploy,
    run: async () => {
      await host.handle(deploy);
      await host.handle({ kind: "start", epoch: 1, tasks, asStopped: false });
    },
    until,
    failure: async () => {
      await until("a failure", () => failed() !== undefined);
      return failed() as ErrorInfo;
    },
  };
}
