/**
 * Owns: which partition a record goes to.
 *
 * KPA1 A record with a key goes where Kafka's own producers put that key (murmur2), so that ours and theirs agree.
 * KPA2 Records without a key go to one partition until its batch is sent, then to the next: full batches, evenly spread.
 */

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** The partition of a key, as the Java client computes it. */
export function partitionOfKey(key: Uint8Array | string, partitions: number): number {
  const bytes = typeof key === "string" ? Buffer.from(key) : key;
  return (murmur2(bytes) & 0x7fffffff) % partitions;
}

export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, MULTIPLIER);
    word = Math.imul(word ^ (word >>> 24), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  if (at < length) {
    for (let rest = length - 1; rest >= at; rest--) hash ^= (bytes[rest] as number) << ((rest - at) * 8);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}
