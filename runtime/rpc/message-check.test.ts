import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamError, jobId, operatorId, taskManagerId } from "../../base/index.ts";
import type { KeyedStateHandle } from "../checkpoint/index.ts";
import { checkToJobManager } from "./message-check.ts";
import type { ToJobManager } from "./messages.ts";

const task = { vertex: 1, subtask: 0, attempt: 3 };
const file = { key: "data/1/1/a", sha256: "0".repeat(64), length: 4 };
const error = { name: "Error", message: "m", stack: "s", code: "SINK_FAILED", destiny: "retry" } as const;
const timings = { alignmentMs: 0.5, syncMs: 1, asyncMs: 2, stateBytes: 4 };

const keyGroups = { first: 0, last: 63 };
/** Of every back end. */
const keyedStates: { readonly [K in KeyedStateHandle["kind"]]: Extract<KeyedStateHandle, { kind: K }> } = {
  heap: { kind: "heap", keyGroups, files: [{ file, keyGroups }] },
  tables: { kind: "tables", keyGroups, files: [], tables: [{ file }] },
};

const acknowledged = (keyed: KeyedStateHandle): ToJobManager => ({
  kind: "checkpointAck",
  epoch: 1,
  task,
  checkpointId: 2,
  committables: 1,
  inlineFiles: [{ storeUri: "memory://job", key: "data/1/1/a", base64: "AA==" }],
  timings,
  operators: [
    {
      operatorId: operatorId("a".repeat(32)),
      declarations: [{ name: "n", kind: "value", type: "int64" }],
      state: {
        keyed,
        operator: [{ name: "l", redistribution: "split", count: 1, blob: { kind: "inline", base64: "AA==" } }],
        finished: false,
      },
    },
  ],
});

const good: readonly ToJobManager[] = [
  {
    kind: "register",
    jobId: jobId("b".repeat(32)),
    taskManagerId: taskManagerId("tm-1"),
    pid: 4,
    host: "127.0.0.1",
    dataPorts: [4001],
  },
  { kind: "heartbeat", metrics: [] },
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
        operators: [
          { uid: "source", name: "lines", metrics: [] },
          {
            uid: "count",
            name: "count",
            metrics: [
              { kind: "counter", name: "orders", value: 5 },
              { kind: "gauge", name: "size", value: -0.5 },
              { kind: "meter", name: "bytes", count: 600, rate: 10 },
            ],
          },
        ],
      },
    ],
  },
  { kind: "fenced", epoch: 2 },
  { kind: "taskState", epoch: 1, task, state: { kind: "failed", error } },
  { kind: "checkpointDeclined", epoch: 1, task, checkpointId: 2, phase: "async", error },
  { kind: "committed", epoch: 1, task, checkpointId: 2 },
  { kind: "readerStarted", epoch: 1, task, splits: [{ path: "/in/a", position: 7 }, "b"] },
  { kind: "splitRequest", epoch: 1, task },
  { kind: "watermarkReport", epoch: 1, task, group: "orders", watermark: null, updateMs: 1000 },
  ...Object.values(keyedStates).map(acknowledged),
];

test("MEC1 every kind of message passes as it is", () => {
  for (const message of good)
    assert.deepEqual(checkToJobManager(JSON.parse(JSON.stringify(message)) as object), message);
});

test("MEC1 a message with any field missing is refused with the field's name", () => {
  for (const message of good) {
    for (const field of Object.keys(message)) {
      const { [field]: _, ...rest } = message as Record<string, unknown>;
      assert.throws(
        () => checkToJobManager(rest),
        (thrown) =>
          thrown instanceof StreamError && thrown.code === "PROTOCOL_VIOLATION" && thrown.message.includes(field),
        `${message.kind} without ${field}`,
      );
    }
  }
});
