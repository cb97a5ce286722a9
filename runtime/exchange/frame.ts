/**
 * Owns: the bytes of one stream element between threads and processes.
 *
 * Grammar: frame = u8 kind, u8[7] zero, body
 *   0 batch: block of record/batch-codec · 1 watermark: f64 · 2 barrier: JSON · 3 status: u8 idle · 4 end of data
 *   5 columns: block of record/columns/column-codec
 *
 * FRM1 A barrier that is read has every field that stream-element.ts says, of its type: it decides what a task does.
 */
import { StreamError } from "../../base/index.ts";
import {
  type Barrier,
  ByteReader,
  type ByteWriter,
  type CheckpointKind,
  type ColumnBatch,
  type ControlElement,
  decodeBatch,
  decodeColumns,
  encodeBatch,
  encodeColumns,
  type Release,
  type RowBatch,
  type StreamElement,
  type ValueType,
} from "../record/index.ts";

const BATCH = 0;
const WATERMARK = 1;
const BARRIER = 2;
const STATUS = 3;
const END_OF_DATA = 4;
const COLUMNS = 5;

function startFrame(kind: number, writer: ByteWriter): void {
  writer.u8(kind);
  writer.align8();
}

export function encodeBatchFrame<T>(type: ValueType<T>, batch: RowBatch<T>, writer: ByteWriter): void {
  startFrame(BATCH, writer);
  encodeBatch(type, batch, writer);
}

/** A batch as builders make them. */
export function encodeColumnsFrame(batch: ColumnBatch, writer: ByteWriter): void {
  startFrame(COLUMNS, writer);
  encodeColumns(batch, writer);
}

export function encodeControlFrame(element: ControlElement, writer: ByteWriter): void {
  switch (element.kind) {
    case "watermark":
      startFrame(WATERMARK, writer);
      writer.float64(1)[0] = element.timestamp;
      return;
    case "barrier":
      startFrame(BARRIER, writer);
      writer.bytes(Buffer.from(JSON.stringify(element), "utf8"));
      return;
    case "status":
      startFrame(STATUS, writer);
      writer.u8(element.idle ? 1 : 0);
      return;
    case "endOfData":
      startFrame(END_OF_DATA, writer);
  }
}

/** `release`: what releasing a batch of columns does, whose columns are views of `bytes`; nothing else that is read refers to them. */
export function decodeFrame<T>(
  type: ValueType<T>,
  bytes: Uint8Array,
  release: Release | null = null,
): StreamElement<T> {
  const reader = new ByteReader(bytes);
  const kind = reader.u8();
  reader.align8();
  switch (kind) {
    case BATCH:
      return { kind: "batch", batch: decodeBatch(type, reader) };
    case WATERMARK:
      return { kind: "watermark", timestamp: reader.float64(1)[0] as number };
    case BARRIER:
      return readBarrier(reader.buffer.toString("utf8", reader.position));
    case STATUS:
      return { kind: "status", idle: reader.u8() === 1 };
    case END_OF_DATA:
      return { kind: "endOfData" };
    case COLUMNS:
      return { kind: "columns", batch: decodeColumns(type, reader, release) };
    default:
      throw new StreamError(
        "PROTOCOL_VIOLATION",
        `a frame of unknown kind ${kind} came through a data channel; look for processes of different versions`,
      );
  }
}

const CHECKPOINT_KINDS: ReadonlySet<unknown> = new Set<CheckpointKind>([
  "checkpoint",
  "savepoint",
  "stop",
  "drain",
  "handover",
]);

/** FRM1 */
function readBarrier(text: string): Barrier {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new StreamError("PROTOCOL_VIOLATION", "a barrier that is not JSON came through a data channel", { cause });
  }
  const { kind, checkpointId, checkpointKind, aligned, target, triggeredMs, base } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const isBarrier =
    kind === "barrier" &&
    Number.isSafeInteger(checkpointId) &&
    CHECKPOINT_KINDS.has(checkpointKind) &&
    typeof aligned === "boolean" &&
    (target === null || typeof target === "string") &&
    typeof triggeredMs === "number" &&
    (base === undefined || Number.isSafeInteger(base));
  const barrier = { kind, checkpointId, checkpointKind, aligned, target, triggeredMs };
  if (isBarrier) return (base === undefined ? barrier : { ...barrier, base }) as Barrier;
  throw new StreamError("PROTOCOL_VIOLATION", "a barrier without its fields came through a data channel");
}
