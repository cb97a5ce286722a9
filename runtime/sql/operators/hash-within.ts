/**
 * Owns: the hash of what belongs to a key, and is kept under a longer key of its own: at another parallelism it goes where the key goes.
 */
import { keyGroupOfHash, mix } from "../../record/index.ts";

const TWO_32 = 0x1_0000_0000;

/** A hash of both that belongs to the key group of `hash`. */
export function hashWithin(hash: number, other: number, maxParallelism: number): number {
  const mixed = mix(hash ^ Math.imul(other, 0x9e3779b1)) >>> 0;
  const own = mixed - (mixed % maxParallelism) + keyGroupOfHash(hash, maxParallelism);
  return (own < TWO_32 ? own : own - maxParallelism) | 0;
}
