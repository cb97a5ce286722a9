/**
 * Owns: packing the records of a batch, and unpacking them. gzip and zstd are Node's; lz4 and snappy are @platformatic/wasm-utils', which is loaded when the
 * first batch needs it.
 *
 *   lz4:    one frame of independent blocks, as its own format says
 *   snappy: 82 "SNAPPY" 00, version i32, lowest version i32, then chunks: length i32, a block of snappy (what Java's library makes). Other producers
 *           write one bare block.
 *
 * KPK1 What would unpack to more than UNPACKED_BYTES_MAX is refused before that memory is taken.
 */
import { createRequire } from "node:module";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type * as WasmUtils from "@platformatic/wasm-utils";
import { KafkaError } from "../client/kafka-error.ts";

/** How the records of a batch are packed. */
export type KafkaCompression = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** In the order of their numbers in the protocol. */
export const compressions: readonly KafkaCompression[] = ["none", "gzip", "snappy", "lz4", "zstd"];

/** Brokers take batches of 1 MiB, packed, unless told otherwise. */
const UNPACKED_BYTES_MAX = 256 << 20;
const SNAPPY_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const SNAPPY_HEADER = Buffer.concat([SNAPPY_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const SNAPPY_CHUNK_BYTES = 64 << 10;
const LZ4_MAGIC = 0x184d2204;
const LENGTH_BYTES = 4;

let loaded: typeof WasmUtils | null = null;
const wasm = (): typeof WasmUtils =>
  (loaded ??= createRequire(import.meta.url)("@platformatic/wasm-utils") as typeof WasmUtils);

type Codec = { pack(records: Buffer): Buffer; unpack(packed: Buffer): Buffer };

const codecs: Readonly<Record<KafkaCompression, Codec>> = {
  none: { pack: (records) => records, unpack: (packed) => packed },
  gzip: {
    pack: (records) => gzipSync(records),
    unpack: (packed) => gunzipSync(packed, { maxOutputLength: UNPACKED_BYTES_MAX }),
  },
  zstd: {
    pack: (records) => zstdCompressSync(records),
    unpack: (packed) => zstdDecompressSync(packed, { maxOutputLength: UNPACKED_BYTES_MAX }),
  },
  lz4: {
    pack: (records) => wasm().lz4Compress(records),
    unpack: (packed) => {
      assertBounded(lz4BytesMax(packed));
      return wasm().lz4Decompress(packed);
    },
  },
  snappy: { pack: packSnappy, unpack: unpackSnappy },
};

export function pack(
  records: Buffer,
  compression: KafkaCompression,
): { readonly number: number; readonly bytes: Buffer } {
  return { number: compressions.indexOf(compression), bytes: codecs[compression].pack(records) };
}

/** `number`: the protocol's. Errors: KafkaError, for one that is not known, and for bytes that it cannot have made. */
export function unpack(packed: Buffer, number: number): Buffer {
  const compression = compressions[number];
  if (compression === undefined)
    throw new KafkaError(
      "UNSUPPORTED_COMPRESSION_TYPE",
      `its records are packed in a way (${number}) that is not known`,
      {
        isRetriable: false,
      },
    );
  try {
    return codecs[compression].unpack(packed);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KafkaError("CORRUPT_MESSAGE", `its records cannot be unpacked by ${compression}: ${reason}`, {
      isRetriable: false,
      cause: error,
    });
  }
}

function packSnappy(records: Buffer): Buffer {
  const parts: Buffer[] = [SNAPPY_HEADER];
  for (let at = 0; at < records.length; at += SNAPPY_CHUNK_BYTES) {
    const block = wasm().snappyCompress(records.subarray(at, at + SNAPPY_CHUNK_BYTES));
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function unpackSnappy(packed: Buffer): Buffer {
  const blocks = snappyBlocks(packed);
  assertBounded(blocks.reduce((sum, block) => sum + unpackedLength(block), 0));
  return Buffer.concat(blocks.map((block) => wasm().snappyDecompress(block)));
}

function snappyBlocks(packed: Buffer): Buffer[] {
  if (!packed.subarray(0, SNAPPY_MAGIC.length).equals(SNAPPY_MAGIC)) return [packed];
  const blocks: Buffer[] = [];
  for (let at = SNAPPY_HEADER.length; at < packed.length; ) {
    const start = at + LENGTH_BYTES;
    at = start + packed.readInt32BE(at);
    if (at < start || at > packed.length) throw new RangeError("a chunk ends behind the batch");
    blocks.push(packed.subarray(start, at));
  }
  return blocks;
}

/** Of a block of snappy: a varint at its beginning. */
function unpackedLength(block: Buffer): number {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block.readUInt8(at);
    length += (byte & 127) * 2 ** (7 * at);
    if (byte < 128) return length;
  }
  throw new RangeError("a block has no length");
}

/** What the frame can hold at most: its blocks at their largest. */
function lz4BytesMax(frame: Buffer): number {
  if (frame.readUInt32LE(0) !== LZ4_MAGIC) throw new RangeError("there is no frame");
  const flags = frame.readUInt8(4);
  const largest = 1 << (8 + 2 * ((frame.readUInt8(5) >> 4) & 7));
  const [hasBlockChecksums, hasContentSize, hasDictionary] = [flags & 16, flags & 8, flags & 1].map((bit) => bit !== 0);
  let at = 7 + (hasContentSize ? 8 : 0) + (hasDictionary ? 4 : 0);
  let bytes = 0;
  while (at + LENGTH_BYTES <= frame.length) {
    // The highest bit says that the block is not packed.
    const length = frame.readUInt32LE(at) & 0x7fffffff;
    if (length === 0) break;
    bytes += largest;
    at += LENGTH_BYTES + length + (hasBlockChecksums ? LENGTH_BYTES : 0);
  }
  return bytes;
}

/** KPK1 */
function assertBounded(bytes: number): void {
  // A block of lz4 at its largest is counted as full.
  if (bytes > UNPACKED_BYTES_MAX)
    throw new RangeError(`they may be ${bytes} bytes; ${UNPACKED_BYTES_MAX} are the most`);
}
