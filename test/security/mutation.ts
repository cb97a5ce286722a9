/**
 * Owns: damage to bytes, from a seed: what a disk, a network or somebody hostile may make of them.
 * Called by: parsers.test.ts.
 */
import type { Random } from "../../base/index.ts";

const edges = [0xff_ff_ff_ff, 0x7f_ff_ff_ff, 0x80_00_00_00, 0, 1_000_000];
const numbers = [Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 53, 1e308];

/** One to five changes, each a kind of its own. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const below = (most: number): number => Math.floor(random.next() * most);
  const pick = (from: readonly number[]): number => from[below(from.length)] as number;
  let out: Buffer = Buffer.from(bytes);
  for (let left = below(5); left >= 0; left--) {
    if (out.length === 0) return out;
    const at = below(out.length);
    const kinds: readonly (() => void)[] = [
      () => void (out[at] = (out[at] ?? 0) ^ (1 << below(8))),
      () => void (out[at] = pick([0, 255, 127, 128, 1])),
      () => void (out = out.subarray(0, at)),
      () => {
        const inserted = Buffer.from(Array.from({ length: below(9) }, () => below(256)));
        out = Buffer.concat([out.subarray(0, at), inserted, out.subarray(at)]);
      },
      () => void (out = Buffer.concat([out.subarray(0, at), out.subarray(below(out.length))])),
      () => void (at + 4 <= out.length && out.writeUInt32LE(pick(edges), at)),
      () => void (at + 4 <= out.length && out.writeUInt32BE(pick(edges), at)),
      () => void (at + 8 <= out.length && out.writeDoubleLE(pick(numbers), at)),
    ];
    kinds[below(kinds.length)]?.();
  }
  return out;
}
