/** Owns: the golden forms of checkpoints that may refer to files of another: what is said between processes, in fields that older ones pass over. */
import { decodeFrame, encodeControlFrame } from "../../runtime/exchange/frame.ts";
import { type Barrier, ByteWriter, t } from "../../runtime/record/index.ts";
import { encodeFrame, FrameReader } from "../../runtime/rpc/frame.ts";
import { checkToJobManager } from "../../runtime/rpc/checks.ts";
import type { FromJobManager, ToJobManager } from "../../runtime/rpc/index.ts";
import type { Form } from "./form.ts";

const task = { vertex: 1, subtask: 0, attempt: 3 };

const barrier: Barrier = {
  kind: "barrier",
  checkpointId: 8,
  checkpointKind: "checkpoint",
  aligned: true,
  target: null,
  triggeredMs: 1_750_000_000_000,
  base: 7,
};

const ack: ToJobManager = {
  kind: "checkpointAck",
  epoch: 1,
  task,
  checkpointId: 8,
  operators: [],
  committables: 0,
  inlineFiles: [],
  timings: { alignmentMs: 0.5, syncMs: 1, asyncMs: 2, stateBytes: 400, writtenBytes: 4 },
};

const trigger: FromJobManager = {
  kind: "triggerCheckpoint",
  epoch: 1,
  checkpointId: 8,
  checkpointKind: "checkpoint",
  aligned: true,
  target: null,
  triggeredMs: 1_750_000_000_000,
  base: 7,
  tasks: [task],
};

export const baseForms: readonly Form[] = [
  {
    file: "frame-barrier-base.v1.base64",
    write: () => {
      const writer = new ByteWriter(256);
      encodeControlFrame(barrier, writer);
      return writer.copy();
    },
    read: (bytes) => decodeFrame(t.any, bytes),
    means: barrier,
    newer: null,
  },
  {
    file: "rpc-base.v1.base64",
    write: () => Buffer.concat([encodeFrame(ack), encodeFrame(trigger)]),
    read: (bytes) =>
      new FrameReader()
        .push(Buffer.from(bytes))
        .map((message, index) => (index === 0 ? checkToJobManager(message) : message)),
    means: [ack, trigger],
    newer: (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte)),
  },
];
