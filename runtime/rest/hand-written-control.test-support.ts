/**
 * Owns: for this room's tests, a JobControl written by hand, a server over it, and a call that checks the answer.
 */
import assert from "node:assert/strict";
import { after } from "node:test";
import type { z } from "zod";
import {
  jobId,
  type Log,
  silentLog,
  StreamError,
  seededRandom,
  systemClock,
  taskManagerId,
  toErrorInfo,
  vertexId,
} from "../../base/index.ts";
import type {
  CheckpointView,
  JobControl,
  JobStatus,
  SavepointRequest,
  TriggerAnswer,
  TriggerState,
} from "../jobmanager/index.ts";
import { startRest } from "./server.ts";

export const JOB = jobId("0123456789abcdef0123456789abcdef");
export const SOURCE = vertexId("a".repeat(32));
export const SINK = vertexId("b".repeat(32));
const TM = taskManagerId("tm-1");
export const RUNNING_TRIGGER = "1".repeat(32);
export const DONE_TRIGGER = "2".repeat(32);
export const FAILED_TRIGGER = "3".repeat(32);

const failure = toErrorInfo(new StreamError("USER_FUNCTION_FAILED", "map threw: no such word"));

const checkpoint = (id: number, changes: Partial<CheckpointView> = {}): CheckpointView => ({
  id,
  kind: "checkpoint",
  status: "completed",
  triggeredMs: 2000 + id,
  endedMs: 2100 + id,
  latestAckMs: 2090 + id,
  stateBytes: 512 * id,
  writtenBytes: 512 * id,
  subtasks: 3,
  acknowledged: 3,
  externalPath: `file:///c/chk/${id}.manifest`,
  discarded: false,
  failure: null,
  acks: [
    { vertex: SOURCE, subtask: 0, ackMs: 2090 + id, timings: { alignmentMs: 1, syncMs: 2, asyncMs: 3, stateBytes: 7 } },
  ],
  ...changes,
});

/** A JobControl with one of everything; what is asked of it is written down. */
export function createControl(): { control: JobControl; asked: unknown[]; be: (status: JobStatus) => void } {
  let status: JobStatus = "RUNNING";
  const asked: unknown[] = [];
  const triggers = new Map<string, TriggerState>([
    [RUNNING_TRIGGER, { kind: "inProgress" }],
    [DONE_TRIGGER, { kind: "completed", location: "file:///s/savepoint-2", checkpointId: 9 }],
    [FAILED_TRIGGER, { kind: "failed", error: failure }],
  ]);
  const stuck = { on: "files (uid out): its prepareSnapshot", forMs: 31_000.4 };
  const metrics = { recordsIn: 10, recordsOut: 9, bytesIn: 100, bytesOut: 90 };
  const ratios = { busyRatio: 0.5, backPressuredRatio: 0.25, idleRatio: 0.25, watermark: null };
  const percentiles = { p50: 2, p75: 3, p90: 4, p95: 4, p98: 4, p99: 4, p999: 4 };
  const readings = [
    { kind: "counter", name: "orders", value: 5 },
    { kind: "gauge", name: "size", value: 0.25 },
    { kind: "meter", name: "bytes", count: 600, rate: 10.5 },
    { kind: "histogram", name: "latency", count: 4, sum: 10, min: 1, max: 4, mean: 2.5, stddev: 1.5, ...percentiles },
  ] as const;
  const operators = [
    { uid: "c", name: "count: words", metrics: readings },
    { uid: "p1", name: "process", metrics: [readings[0]] },
    { uid: "p2", name: "process", metrics: [readings[0]] },
  ];
  const subtask = (vertex: number, index: number) => ({
    subtask: index,
    attempt: 1,
    state: "RUNNING" as const,
    taskManagerId: TM,
    rates: index === 0 ? { recordsIn: 5, recordsOut: 4.5, bytesIn: 50, bytesOut: 45 } : null,
    metrics:
      index === 0
        ? {
            task: { vertex, subtask: index, attempt: 1 },
            ...metrics,
            ...ratios,
            ...(vertex === 1 ? { stuck, operators } : { stuck: null }),
          }
        : null,
  });
  const control: JobControl = {
    job: () => ({
      jobId: JOB,
      name: "words",
      status,
      epoch: 1,
      processId: "c".repeat(32),
      startedMs: 1000,
      endedMs: status === "RUNNING" ? null : 5000,
      statusTimes: { CREATED: 1000, RUNNING: 1500 },
      configuration: {
        jobName: "words",
        parallelism: 2,
        maxParallelism: null,
        checkpoints: {
          intervalMs: 1000,
          mode: "exactly-once",
          timeoutMs: 600_000,
          minPauseMs: 0,
          maxConcurrent: 1,
          tolerableFailures: null,
          retention: "retain",
          numRetained: 1,
          storeCallTimeoutMs: 60_000,
          directory: null,
        },
        stateBackend: "fs",
        savepointDirectory: null,
        restart: null,
        bufferTimeoutMs: 100,
        watermarkIntervalMs: 200,
        encryptsData: true,
        bufferDebloat: { enabled: true, targetMs: 1000, periodMs: 200, samples: 20, thresholdPercent: 25 },
        s3: {
          endpoint: null,
          region: null,
          pathStyleAccess: false,
          accessKey: null,
          secretKey: null,
          caFile: null,
          encryption: "none",
          encryptionKey: null,
          partMiB: 8,
          concurrentUploads: 4,
          attemptsMax: 5,
          connectTimeoutMs: 5000,
          requestTimeoutMs: 20_000,
        },
        memory: {
          processMiB: null,
          networkFraction: 0.1,
          slotHeapMiB: null,
          slotYoungMiB: null,
          managedFraction: 0.4,
          spillFolder: null,
          jobManagerHeapMiB: null,
        },
        hookTimeoutMs: 300_000,
        loadTimeoutMs: 120_000,
        heartbeatTimeoutMs: 2500,
        frozenIntrinsics: true,
        objectReuse: false,
      },
      vertices: [
        { id: SOURCE, name: "Source: lines", parallelism: 1, maxParallelism: 128, subtasks: [subtask(0, 0)] },
        {
          id: SINK,
          name: "count -> Sink: print",
          parallelism: 2,
          maxParallelism: 128,
          subtasks: [subtask(1, 0), subtask(1, 1)],
        },
      ],
      edges: [[0, 1, "hash"]],
      restarts: 2,
      failure: status === "FAILED" ? failure : null,
    }),
    checkpoints: () => ({
      counts: { completed: 3, failed: 1, inProgress: 1, restored: 1 },
      history: [
        checkpoint(5, {
          status: "in_progress",
          endedMs: null,
          latestAckMs: null,
          acknowledged: 0,
          externalPath: null,
          acks: [],
        }),
        checkpoint(4, { status: "failed", failure: "expired", externalPath: null }),
        checkpoint(3, { kind: "savepoint" }),
        checkpoint(2),
      ],
      latestCompleted: checkpoint(2),
      latestSavepoint: checkpoint(3, { kind: "savepoint" }),
      latestFailed: checkpoint(4, { status: "failed", failure: "expired", externalPath: null }),
      trouble: null,
      restored: { id: 1, restoredMs: 1400, isSavepoint: false, externalPath: "file:///c/chk/1.manifest" },
    }),
    exceptions: () => [
      { error: failure, timeMs: 1300, taskName: "count (1/2) - attempt 1", taskManagerId: TM },
      { error: failure, timeMs: 1200, taskName: null, taskManagerId: null },
    ],
    taskManagers: () => [{ id: TM, host: "127.0.0.1", pid: 42, slots: 2, freeSlots: 1, lastHeartbeatMs: 1999 }],
    triggerSavepoint: (request: SavepointRequest): TriggerAnswer => {
      asked.push(request);
      if (request.targetDirectory === null) {
        return { kind: "refused", error: toErrorInfo(new StreamError("SAVEPOINT_NO_TARGET", "give a directory")) };
      }
      if (request.targetDirectory === "/busy") {
        return { kind: "refused", error: toErrorInfo(new StreamError("JOB_STATE_CONFLICT", "the job is restarting")) };
      }
      return { kind: "accepted", triggerId: request.triggerId ?? DONE_TRIGGER };
    },
    triggerCheckpoint: (triggerId) => ({ kind: "accepted", triggerId: triggerId ?? DONE_TRIGGER }),
    trigger: (triggerId) => triggers.get(triggerId) ?? null,
    disposeSavepoint: async (location) => {
      asked.push(location);
      if (location === "/gone") throw new StreamError("SAVEPOINT_NOT_FOUND", "there is no savepoint at /gone");
    },
    cancel: () => {
      asked.push("cancel");
      status = "CANCELED";
      return "accepted";
    },
  };
  return { control, asked, be: (next) => (status = next) };
}

type Fixture = ReturnType<typeof createControl> & { url: string; logged: { message: string; facts: object }[] };
const running: { close(): Promise<void> }[] = [];

export async function start(): Promise<Fixture & { server: Awaited<ReturnType<typeof startRest>> }> {
  const fixture = createControl();
  const logged: { message: string; facts: object }[] = [];
  const info = (facts: object, message: string): void => void logged.push({ message, facts });
  const log: Log = { ...silentLog, info };
  const server = await startRest({
    port: 0,
    control: fixture.control,
    clock: systemClock,
    random: seededRandom(1),
    log,
    version: "0.1.0",
  });
  running.push(server);
  return { ...fixture, url: `http://127.0.0.1:${server.port}`, logged, server };
}

after(() => Promise.all(running.map((server) => server.close())));

/** Fetches, checks status and schema, and that the schema knows every field of the answer. */
export async function ask<S extends z.ZodType>(
  url: string,
  schema: S,
  status = 200,
  init: RequestInit = {},
): Promise<z.output<S>> {
  const response = await fetch(url, init);
  const body = await response.json();
  assert.equal(response.status, status, `${init.method ?? "GET"} ${url}: ${JSON.stringify(body)}`);
  const parsed = schema.parse(body);
  assert.deepEqual(parsed, body, `${url} has fields that the contract does not know`);
  return parsed;
}

export const post = (body: unknown): RequestInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
});
