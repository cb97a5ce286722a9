/**
 * Owns: murmur3 x64 128, the hash behind operator ids and fingerprints (SP-6).
 * Not here: the hash of keys (record/key.ts). Not fast (BigInt): used a few times per job.
 *
 * MU1 The same text has the same hash in every process and version: operator ids in checkpoints depend on it.
 */

const MASK = 0xffff_ffff_ffff_ffffn;
const COL1 = 0x87c3_7b91_1142_53d5n;
const COL2 = 0x4cf5_ad43_2745_937fn;

/** murmur3_x64_128 of the UTF-8 bytes of `text` with seed 0: 32 lower-case hexadecimal digits, first half first. */
export function murmur128(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blockEnd = bytes.length - (bytes.length % 16);
  let h1 = 0n;
  let h2 = 0n;
  for (let at = 0; at < blockEnd; at += 16) {
    h1 ^= mixLow(view.getBigUint64(at, true));
    h1 = (rotate(h1, 27n) + h2) & MASK;
    h1 = (h1 * 5n + 0x52dc_e729n) & MASK;
    h2 ^= mixHigh(view.getBigUint64(at + 8, true));
    h2 = (rotate(h2, 31n) + h1) & MASK;
    h2 = (h2 * 5n + 0x3849_5ab5n) & MASK;
  }
  h2 ^= mixHigh(littleEndian(bytes.subarray(blockEnd + 8)));
  h1 ^= mixLow(littleEndian(bytes.subarray(blockEnd, blockEnd + 8)));
  const length = BigInt(bytes.length);
  h1 ^= length;
  h2 ^= length;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return hex(h1) + hex(h2);
}

function mixLow(k: bigint): bigint {
  return (rotate((k * COL1) & MASK, 31n) * COL2) & MASK;
}

function mixHigh(k: bigint): bigint {
  return (rotate((k * COL2) & MASK, 33n) * COL1) & MASK;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function finish(value: bigint): bigint {
  let k = value;
  k ^= k >> 33n;
  k = (k * 0xff51_afd7_ed55_8ccdn) & MASK;
  k ^= k >> 33n;
  k = (k * 0xc4ce_b9fe_1a85_ec53n) & MASK;
  return k ^ (k >> 33n);
}

/** The bytes of a tail, up to eight, as a number; 0 for none. */
function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}
