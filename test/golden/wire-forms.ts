/**
 * Owns: the golden forms of what goes between processes: RPC messages, data connections and their frames, an incarnation's status, and the
 * configuration of its pods.
 */
import { jobId, operatorId, taskManagerId } from "../../base/index.ts";
import {
  type IncarnationMessage,
  incarnationSchema,
  type PodConfig,
  type StorageReportMessage,
  type StorageTaskMessage,
} from "../../contract/index.ts";
import { readPodConfig } from "../../main/pod-settings.ts";
import { reportIn, reportLine } from "../../main/storage-report.ts";
import { readStorageTask } from "../../main/pod-storage.ts";
import { decodeFrame, encodeBatchFrame, encodeColumnsFrame, encodeControlFrame } from "../../runtime/exchange/frame.ts";
import { SegmentPool } from "../../runtime/exchange/segment-pool.ts";
import {
  CREDIT,
  HELLO,
  helloText,
  MessageParser,
  messageHeader,
  OPEN,
  otherVersionIn,
} from "../../runtime/exchange/socket-protocol.ts";
import {
  ByteWriter,
  type ColumnBatch,
  ColumnBuilder,
  type ControlElement,
  type RowBatch,
  t,
} from "../../runtime/record/index.ts";
import { encodeFrame, FrameReader } from "../../runtime/rpc/frame.ts";
import { checkToJobManager } from "../../runtime/rpc/checks.ts";
import type { FromJobManager, ToJobManager } from "../../runtime/rpc/index.ts";
import { type Form, nextJsonVersion, replaced } from "./form.ts";

const JOB = jobId("0123456789abcdef0123456789abcdef");
const TM = taskManagerId("orders-1-taskmanager-0.abcdef");
const task = { vertex: 1, subtask: 0, attempt: 3 };
const file = { key: "data/0000000001-0000000002/a", sha256: "0".repeat(64), length: 4 };
const keyed = { kind: "heap", keyGroups: { first: 0, last: 63 }, files: [{ file }] } as const;
const list = { name: "l", redistribution: "split", count: 1, blob: { kind: "inline", base64: "AA==" } } as const;
const inlineFile = { storeUri: "memory://job", key: "data/0000000001-0000000002/a", base64: "AA==" };
const error = { name: "Error", message: "m", stack: "s", code: "SINK_FAILED", destiny: "retry" } as const;
const job = {
  jobId: JOB,
  predecessors: [jobId("f".repeat(32))],
  program: { kind: "module", path: "/job.ts" },
  options: { "parallelism.default": "2" },
  args: ["in", "out"],
  maxParallelism: [128],
  fingerprint: "e".repeat(32),
} as const;

const toJobManager: readonly ToJobManager[] = [
  { kind: "register", jobId: JOB, taskManagerId: TM, pid: 4, host: "10.0.0.4", dataPorts: [4001, 4002] },
  {
    kind: "heartbeat",
    metrics: [
      {
        task,
        recordsIn: 1,
        recordsOut: 2,
        bytesIn: 3,
        bytesOut: 4,
        busyRatio: 0.5,
        backPressuredRatio: 0.25,
        idleRatio: 0.25,
        watermark: null,
        stuck: { on: "credit", forMs: 5 },
      },
    ],
  },
  { kind: "prepared", epoch: 1, slot: 0, error: null },
  { kind: "fenced", epoch: 2 },
  { kind: "taskState", epoch: 1, task, state: { kind: "failed", error } },
  {
    kind: "checkpointAck",
    epoch: 1,
    task,
    checkpointId: 2,
    operators: [
      {
        operatorId: operatorId("a".repeat(32)),
        state: { keyed, operator: [list], finished: false },
        declarations: [{ name: "n", kind: "value", type: "int64" }],
      },
    ],
    committables: 1,
    inlineFiles: [inlineFile],
    timings: { alignmentMs: 0.5, syncMs: 1, asyncMs: 2, stateBytes: 4 },
  },
  { kind: "checkpointDeclined", epoch: 1, task, checkpointId: 2, phase: "async", error },
  { kind: "committed", epoch: 1, task, checkpointId: 2 },
];

/** Operators with metrics that code of the job registered: a field that an older JobManager drops. */
const userMetrics: ToJobManager = {
  kind: "heartbeat",
  metrics: [
    {
      task,
      recordsIn: 1,
      recordsOut: 2,
      bytesIn: 3,
      bytesOut: 4,
      busyRatio: 0.5,
      backPressuredRatio: 0.25,
      idleRatio: 0.25,
      watermark: 1_750_000_000_000,
      stuck: null,
      operators: [
        { uid: "words", name: "flatMap", metrics: [] },
        {
          uid: "orders",
          name: "process",
          metrics: [
            { kind: "counter", name: "orders", value: 5 },
            { kind: "gauge", name: "size", value: -0.5 },
            { kind: "meter", name: "bytes", count: 600, rate: 10 },
            {
              kind: "histogram",
              name: "price",
              count: 2,
              sum: 10,
              min: 1,
              max: 9,
              mean: 5,
              stddev: 5.5,
              p50: 1,
              p75: 9,
              p90: 9,
              p95: 9,
              p98: 9,
              p99: 9,
              p999: 9,
            },
          ],
        },
      ],
    },
  ],
};

/** A slot that is told where the store is opens it before there is anything to deploy; an older one loads the job alone. */
const prepareStore: FromJobManager = {
  kind: "prepare",
  epoch: 1,
  job,
  target: { storeUri: "s3://bucket/state", inlineOnly: false },
};

const prepareFenced: FromJobManager = { ...prepareStore, job: { ...job, fenced: [jobId("f".repeat(32))] } };

/** A message that an older JobManager refuses with the connection: it takes the TaskManager for lost, as if it had ended without a word. */
const leaving: ToJobManager = { kind: "leaving", epoch: 1 };

/** Splits and readers of a source with an enumerator: processes of one incarnation run one image, so no older one gets these. */
const splits: readonly (FromJobManager | ToJobManager)[] = [
  { kind: "readerStarted", epoch: 1, task, splits: [{ path: "/in/a", position: 7 }] },
  { kind: "splitRequest", epoch: 1, task },
  { kind: "assignSplits", epoch: 1, tasks: [task], splits: [{ path: "/in/b", position: 0 }], noMore: false },
];

/** Of sources that are aligned, as those above. */
const alignment: readonly (FromJobManager | ToJobManager)[] = [
  { kind: "watermarkReport", epoch: 1, task, group: "orders", watermark: 1_750_000_000_000, updateMs: 1000 },
  { kind: "watermarkReport", epoch: 1, task, group: "orders", watermark: null, updateMs: 1000 },
  { kind: "alignWatermarks", epoch: 1, tasks: [task], group: "orders", lowest: 1_750_000_000_000 },
];

const fromJobManager: readonly FromJobManager[] = [
  { kind: "registered", epoch: 1, jobId: JOB, heartbeatIntervalMs: 1000, heartbeatTimeoutMs: 10_000 },
  { kind: "heartbeat", epoch: 1 },
  { kind: "prepare", epoch: 1, job },
  {
    kind: "deploy",
    epoch: 1,
    job,
    target: { storeUri: "file:///state", inlineOnly: false },
    tasks: [
      {
        task,
        slot: 0,
        restore: [
          {
            operatorId: operatorId("a".repeat(32)),
            storeUri: "file:///state",
            keyed: [keyed],
            operator: [[list]],
            finished: false,
          },
        ],
        isRestored: true,
        splits: [{ path: "/in" }],
        inlineFiles: [inlineFile],
      },
    ],
    placements: [{ task, location: { taskManagerId: TM, slot: 0, host: "10.0.0.4", dataPort: 4001 } }],
  },
  { kind: "start", epoch: 1, tasks: [task], asStopped: false },
  { kind: "cancel", epoch: 1, tasks: [task] },
  {
    kind: "triggerCheckpoint",
    epoch: 1,
    checkpointId: 2,
    checkpointKind: "savepoint",
    aligned: true,
    target: "file:///savepoints/1",
    triggeredMs: 1_750_000_000_000,
    tasks: [task],
  },
  { kind: "checkpointComplete", epoch: 1, checkpointId: 2, tasks: [task] },
  { kind: "checkpointAborted", epoch: 1, checkpointId: 3, tasks: [task] },
  { kind: "finish", epoch: 1, tasks: [task] },
  { kind: "shutdown", epoch: 1, jobId: JOB },
  { kind: "refused", epoch: 1, jobId: JOB },
];

/** The kinds that a JobManager gets are checked as it checks them. */
function readMessages(bytes: Uint8Array): unknown {
  return new FrameReader()
    .push(Buffer.from(bytes))
    .map((message, index) => (index < toJobManager.length ? checkToJobManager(message) : message));
}

const Word = t.record({ word: t.string, count: t.int64, at: t.nullable(t.timestamp), rest: t.any });
type WordRow = { word: string; count: number; at: number | null; rest: unknown };
const rows: readonly WordRow[] = [
  { word: "größe", count: 1, at: null, rest: { tags: ["a", 1n, new Date(0)] } },
  { count: 2, word: "", at: 1_750_000_000_000, rest: null },
];
const batch: RowBatch<WordRow> = {
  rows,
  timestamps: Float64Array.of(1000, 2000.5),
  keyHashes: Int32Array.of(-1, 77),
};
const changes: RowBatch<WordRow> = { rows, timestamps: null, keyHashes: null, rowKinds: Uint8Array.of(1, 2) };

const Columns = t.record({
  word: t.nullable(t.string),
  count: t.int64,
  at: t.nullable(t.timestamp),
  small: t.int32,
  big: t.bigint,
  flag: t.boolean,
  raw: t.bytes,
  rest: t.any,
});
const columnRows: readonly Record<string, unknown>[] = [
  {
    word: "größe",
    count: 1,
    at: null,
    small: -1,
    big: -(2n ** 63n),
    flag: true,
    raw: Uint8Array.of(1, 2, 3),
    rest: { tags: ["a", 1n, new Date(0)] },
  },
  {
    word: null,
    count: 2,
    at: 1_750_000_000_000,
    small: 7,
    big: 5n,
    flag: false,
    raw: new Uint8Array(0),
    rest: null,
  },
  { word: "\ud800", count: 0.5e16 - 1, at: 0, small: 0, big: 0n, flag: true, raw: Uint8Array.of(255), rest: 1 },
];

function columnBatch(): ColumnBatch {
  const builder = new ColumnBuilder(Columns, 8);
  for (const [at, row] of columnRows.entries()) builder.appendRow(row, 1000 + at);
  builder.keyHashes().set([-1, 77, 0]);
  builder.rowKinds().set([0, 1, 2]);
  return builder.take();
}

/** All that a batch of columns has. */
function readColumns(bytes: Uint8Array): unknown {
  const element = decodeFrame(Columns, bytes);
  if (element.kind !== "columns") return element;
  const { marks } = element.batch;
  return {
    rows: element.batch.toRows(),
    timestamps: marks.timestamps,
    keyHashes: marks.keyHashes,
    rowKinds: marks.rowKinds && [...marks.rowKinds],
  };
}

const controls: readonly ControlElement[] = [
  { kind: "watermark", timestamp: 1_750_000_000_000 },
  {
    kind: "barrier",
    checkpointId: 7,
    checkpointKind: "stop",
    aligned: true,
    target: "file:///savepoints/1",
    triggeredMs: 1_750_000_000_000,
  },
  { kind: "status", idle: true },
  { kind: "endOfData" },
];

function framed(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(256);
  write(writer);
  return writer.copy();
}

const batchForm = (name: string, value: RowBatch<WordRow>): Form => ({
  file: `${name}.v1.base64`,
  write: () => framed((writer) => encodeBatchFrame(Word, value, writer)),
  read: (bytes) => decodeFrame(Word, bytes),
  means: { kind: "batch", batch: value },
  // Behind the 8 bytes of the frame's own header.
  newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 8 ? 2 : byte)),
});

const controlForm = (element: ControlElement): Form => ({
  file: `frame-${element.kind}.v1.base64`,
  write: () => framed((writer) => encodeControlFrame(element, writer)),
  read: (bytes) => decodeFrame(Word, bytes),
  means: element,
  newer: null,
});

const message = (type: number, channel: number, payload: Uint8Array): Buffer =>
  Buffer.concat([messageHeader(type, channel, payload.length), payload]);

const addressee = { jobId: JOB, taskManagerId: TM, slot: 1 };
const connection = (): Buffer =>
  Buffer.concat([
    message(HELLO, 0, Buffer.from(helloText(addressee))),
    message(OPEN, 1, Buffer.from("0>1:0>0@1")),
    message(CREDIT, 1, Buffer.from(Uint32Array.of(8, 300).buffer)),
  ]);

/** As a DataServer does before it takes anything. */
function readConnection(bytes: Uint8Array): unknown {
  const got: unknown[] = [];
  const parser = new MessageParser(new SegmentPool(4), (type, channel, payload) => {
    const text = payload.bytes.toString(type === CREDIT ? "hex" : "utf8");
    const refusal = type === HELLO ? otherVersionIn(text) : null;
    if (refusal !== null) throw new Error(refusal);
    got.push([type, channel, text]);
    payload.release();
  });
  parser.push(Buffer.from(bytes));
  return got;
}

const storageTask: StorageTaskMessage = {
  version: 1,
  options: { "s3.endpoint": "https://s3.example.com" },
  task: { kind: "erase", folders: ["s3://bucket/apps"], jobIds: [JOB] },
};

const inspection: StorageTaskMessage = {
  version: 2,
  options: { "s3.endpoint": "https://s3.example.com" },
  task: {
    kind: "inspect",
    folders: ["s3://bucket/apps"],
    jobIds: [JOB],
    named: [{ location: `s3://bucket/apps/${JOB}`, by: "StreamJob apps/orders (resume point)" }],
    approved: [JOB],
  },
};

const settlement: StorageTaskMessage = {
  version: 3,
  options: { "s3.endpoint": "https://s3.example.com" },
  task: { kind: "settle" },
};

const report: StorageReportMessage = {
  version: 1,
  kind: "place",
  place: {
    kind: "store",
    uri: `s3://bucket/apps/${JOB}`,
    jobName: "orders",
    jobId: JOB,
    checkpoints: 1,
    newestMs: 1_700_000_000_000,
    objects: 4,
    bytes: 1000,
    namedBy: ["StreamJob apps/other (spec.restore.path)"],
    verdict: { kind: "superseded", successor: JOB, bytes: 900, kept: null },
    removal: { what: "state", objects: 3, bytes: 900, uploads: 1 },
  },
};

const podConfig: PodConfig = {
  version: 1,
  jobId: JOB,
  jobName: "orders",
  program: { kind: "configMap", name: "code", key: "job.ts", path: "/opt/streamjob/job/job.ts" },
  args: ["in", "out"],
  options: { "execution.checkpointing.interval": "10000 ms" },
  storeUri: "file:///state/default/orders",
  savepointDirectory: null,
  parallelism: 2,
  maxParallelism: null,
  taskManagers: 1,
  slots: 2,
};

const status: IncarnationMessage = {
  jobId: JOB,
  phase: "active",
  error: null,
  epoch: 2,
  taskManagers: 1,
  taskManagersReady: 1,
  activation: {
    activationId: "d".repeat(32),
    from: { kind: "path", path: "file:///savepoints/1", allowNonRestoredState: false },
    predecessors: ["file:///old"],
    acceptedMs: 1_750_000_000_000,
  },
  leftOut: ["removed"],
  job: { status: "RUNNING", restarts: 1, startedMs: 1_750_000_000_001, endedMs: null, failure: null },
  lastCheckpoint: { id: 7, timeMs: 1_750_000_000_002, path: "file:///state/chk/0000000007.manifest", sizeBytes: 9 },
  checkpointTrouble: { failures: 1, sinceMs: 1_750_000_000_003, reason: "the disk is full" },
  completedCheckpoints: 6,
  firstCheckpointMs: 1_750_000_000_004,
  lastSavepoint: { timeMs: 1_750_000_000_005, path: "file:///savepoints/2" },
  result: null,
  version: "0.1.0",
};

const asJson = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString("utf8"));

export const wireForms: readonly Form[] = [
  {
    file: "rpc.v1.base64",
    write: () => Buffer.concat([...toJobManager, ...fromJobManager].map((each) => encodeFrame(each))),
    read: readMessages,
    means: [...toJobManager, ...fromJobManager],
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
  {
    file: "rpc-user-metrics.v1.base64",
    write: () => encodeFrame(userMetrics),
    read: (bytes) => new FrameReader().push(Buffer.from(bytes)).map((each) => checkToJobManager(each)),
    means: [userMetrics],
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
  {
    file: "rpc-leaving.v1.base64",
    write: () => encodeFrame(leaving),
    read: (bytes) => new FrameReader().push(Buffer.from(bytes)).map((each) => checkToJobManager(each)),
    means: [leaving],
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
  {
    file: "rpc-splits.v1.base64",
    write: () => Buffer.concat(splits.map((each) => encodeFrame(each))),
    read: (bytes) =>
      new FrameReader()
        .push(Buffer.from(bytes))
        .map((message, index) => (index < 2 ? checkToJobManager(message) : message)),
    means: splits,
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
  {
    file: "rpc-alignment.v1.base64",
    write: () => Buffer.concat(alignment.map((each) => encodeFrame(each))),
    read: (bytes) =>
      new FrameReader()
        .push(Buffer.from(bytes))
        .map((message, index) => (index < 2 ? checkToJobManager(message) : message)),
    means: alignment,
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
  {
    file: "rpc-prepare-store.v1.base64",
    write: () => encodeFrame(prepareStore),
    read: (bytes) => new FrameReader().push(Buffer.from(bytes)),
    means: [prepareStore],
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
  {
    file: "rpc-prepare-fenced.v1.base64",
    write: () => encodeFrame(prepareFenced),
    read: (bytes) => new FrameReader().push(Buffer.from(bytes)),
    means: [prepareFenced],
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
  batchForm("frame-batch", batch),
  batchForm("frame-changes", changes),
  {
    file: "frame-columns.v1.base64",
    write: () => framed((writer) => encodeColumnsFrame(columnBatch(), writer)),
    read: readColumns,
    means: {
      rows: columnRows,
      timestamps: Float64Array.of(1000, 1001, 1002),
      keyHashes: Int32Array.of(-1, 77, 0),
      rowKinds: [0, 1, 2],
    },
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 8 ? 2 : byte)),
  },
  ...controls.map(controlForm),
  {
    file: "data-connection.v2.base64",
    write: connection,
    read: readConnection,
    means: [
      [0, 0, `streamjob-data/2 {"jobId":"${JOB}","taskManagerId":"orders-1-taskmanager-0.abcdef","slot":1}`],
      [1, 1, "0>1:0>0@1"],
      [3, 1, "080000002c010000"],
    ],
    newer: (bytes) => Buffer.from(Buffer.from(bytes).toString("latin1").replace("data/2", "data/3"), "latin1"),
  },
  {
    file: "pod-config.v1.json",
    write: () => Buffer.from(JSON.stringify(podConfig)),
    read: (bytes) => readPodConfig(Buffer.from(bytes).toString("utf8"), undefined),
    means: podConfig,
    newer: nextJsonVersion,
  },
  {
    file: "storage-task.v1.json",
    write: () => Buffer.from(JSON.stringify(storageTask)),
    read: (bytes) => readStorageTask(Buffer.from(bytes).toString("utf8")),
    means: storageTask,
    // Of the next version there is a form of its own.
    newer: null,
  },
  {
    file: "storage-task.v2.json",
    write: () => Buffer.from(JSON.stringify(inspection)),
    read: (bytes) => readStorageTask(Buffer.from(bytes).toString("utf8")),
    means: inspection,
    // Of the next version there is a form of its own.
    newer: null,
  },
  {
    file: "storage-task.v3.json",
    write: () => Buffer.from(JSON.stringify(settlement)),
    read: (bytes) => readStorageTask(Buffer.from(bytes).toString("utf8")),
    means: settlement,
    newer: replaced('"version":3', '"version":4'),
  },
  {
    file: "storage-report.v1.json",
    write: () => Buffer.from(reportLine(report)),
    read: (bytes) => reportIn(Buffer.from(bytes).toString("utf8")),
    means: report,
    newer: nextJsonVersion,
  },
  {
    file: "incarnation-status.v1.json",
    write: () => Buffer.from(JSON.stringify(status)),
    read: (bytes) => incarnationSchema.parse(asJson(bytes)),
    means: status,
    newer: null,
  },
  {
    file: "incarnation-status-settles.v1.json",
    write: () => Buffer.from(JSON.stringify({ ...status, settlesOnDeletion: true })),
    read: (bytes) => incarnationSchema.parse(asJson(bytes)),
    means: { ...status, settlesOnDeletion: true },
    newer: null,
  },
];

/** An answer of a later JobManager, with a field more: read as before. */
export const grownStatus = replaced('"version":"0.1.0"', '"version":"0.1.0","unheardOf":{"a":1}');
