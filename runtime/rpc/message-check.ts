/**
 * Owns: the check that what came over a connection is a message to a JobManager.
 * Not here: what the messages mean (messages.ts). Called by the jobmanager room, whose port anybody may connect to.
 *
 * MEC1 A message that passes has every field that messages.ts says, of its type, numbers finite and within bounds.
 * MEC2 Fields that messages.ts does not know are dropped.
 */
import { z } from "zod";
import { StreamError } from "../../base/index.ts";
import type { ToJobManager } from "./messages.ts";

const count = z.int().min(0);
const amount = z.number().min(0);
const name = z.string().min(1).max(1000);

const taskRef = z.object({ vertex: count, subtask: count, attempt: count });

const errorInfo = z.object({
  name: z.string(),
  message: z.string(),
  stack: z.string(),
  code: z.string().optional(),
  destiny: z.enum(["retry", "terminal"]),
});

const taskState = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("running") }),
  z.object({ kind: z.literal("stopped") }),
  z.object({ kind: z.literal("endOfData") }),
  z.object({ kind: z.literal("finished") }),
  z.object({ kind: z.literal("canceled") }),
  z.object({ kind: z.literal("failed"), error: errorInfo }),
]);

/** Numbers of JSON are finite. */
const reading = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("counter"), name, value: z.number() }),
  z.object({ kind: z.literal("gauge"), name, value: z.number() }),
  z.object({ kind: z.literal("meter"), name, count: z.number(), rate: z.number() }),
  z.object({
    kind: z.literal("histogram"),
    name,
    count,
    sum: z.number(),
    min: z.number(),
    max: z.number(),
    mean: z.number(),
    stddev: z.number(),
    p50: z.number(),
    p75: z.number(),
    p90: z.number(),
    p95: z.number(),
    p98: z.number(),
    p99: z.number(),
    p999: z.number(),
  }),
]);

const metrics = z.object({
  task: taskRef,
  recordsIn: amount,
  recordsOut: amount,
  bytesIn: amount,
  bytesOut: amount,
  busyRatio: z.number(),
  backPressuredRatio: z.number(),
  idleRatio: z.number(),
  watermark: z.number().nullable(),
  stuck: z.object({ on: z.string(), forMs: amount }).nullable().optional(),
  operators: z.array(z.object({ uid: z.string(), name: z.string(), metrics: z.array(reading) })).optional(),
});

const fileRef = z.object({ key: name, sha256: z.string().regex(/^[0-9a-f]{64}$/), length: count });
const keyGroups = z.object({ first: count, last: z.int().min(-1) });
const keyedFile = z.object({ file: fileRef, keyGroups: keyGroups.optional() });
const keyedState = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("heap"), keyGroups, files: z.array(keyedFile).min(1) }),
  z.object({ kind: z.literal("tables"), keyGroups, files: z.array(keyedFile), tables: z.array(keyedFile).min(1) }),
]);
const blob = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("inline"), base64: z.string() }),
  z.object({ kind: z.literal("file"), file: fileRef }),
]);
const operatorState = z.object({
  name: z.string(),
  redistribution: z.enum(["split", "union", "broadcast"]),
  count,
  blob,
});
const operatorAck = z.object({
  operatorId: z.string().regex(/^[0-9a-f]{32}$/),
  state: z.object({ keyed: keyedState.nullable(), operator: z.array(operatorState), finished: z.boolean() }),
  declarations: z.array(z.object({ name: z.string(), kind: z.string(), type: z.string() })),
});
const timings = z.object({
  alignmentMs: amount,
  syncMs: amount,
  asyncMs: amount,
  stateBytes: amount,
  writtenBytes: amount.optional(),
});

const toJobManager = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("register"),
    jobId: name,
    taskManagerId: name,
    pid: count,
    host: name,
    dataPorts: z.array(z.int().min(1).max(65_535)).min(1).max(1024),
  }),
  z.object({ kind: z.literal("heartbeat"), metrics: z.array(metrics) }),
  z.object({ kind: z.literal("prepared"), epoch: count, slot: count, error: errorInfo.nullable() }),
  z.object({ kind: z.literal("leaving"), epoch: count }),
  z.object({ kind: z.literal("fenced"), epoch: count }),
  z.object({ kind: z.literal("taskState"), epoch: count, task: taskRef, state: taskState }),
  z.object({
    kind: z.literal("checkpointAck"),
    epoch: count,
    task: taskRef,
    checkpointId: count,
    operators: z.array(operatorAck),
    committables: count,
    inlineFiles: z.array(z.object({ storeUri: name, key: name, base64: z.string() })),
    timings,
  }),
  z.object({
    kind: z.literal("checkpointDeclined"),
    epoch: count,
    task: taskRef,
    checkpointId: count,
    phase: z.enum(["sync", "async"]),
    error: errorInfo,
  }),
  z.object({ kind: z.literal("readerStarted"), epoch: count, task: taskRef, splits: z.array(z.unknown()) }),
  z.object({ kind: z.literal("splitRequest"), epoch: count, task: taskRef }),
  z.object({
    kind: z.literal("watermarkReport"),
    epoch: count,
    task: taskRef,
    group: name,
    watermark: z.number().nullable(),
    updateMs: z.number().min(1),
  }),
  z.object({ kind: z.literal("committed"), epoch: count, task: taskRef, checkpointId: count }),
]);

/** The same message, known to be one. Throws StreamError PROTOCOL_VIOLATION that names the first wrong field. */
export function checkToJobManager(message: object): ToJobManager {
  const result = toJobManager.safeParse(message);
  if (result.success) return result.data as unknown as ToJobManager;
  const kind = "kind" in message ? String(message.kind).slice(0, 40) : "?";
  const issue = result.error.issues[0];
  const where = issue === undefined ? "" : `${issue.path.join(".") || "kind"}: ${issue.message}`;
  throw new StreamError(
    "PROTOCOL_VIOLATION",
    `a message "${kind}" violates the protocol (${where}); run the same version of StreamJob in all processes`,
  );
}
