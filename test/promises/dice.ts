/**
 * Owns: chance that can be repeated: STREAMJOB_SEED, else another one each time; a test notes it.
 */
import type { Rig } from "./rig.ts";

export type Dice = (sides: number) => number;

/** Notes the seed, which a failure shows. `roll(n)`: 0 to n-1. */
export function diceOf(rig: Rig): Dice {
  const seed = Number(process.env["STREAMJOB_SEED"] ?? process.pid);
  rig.workspace.note(`STREAMJOB_SEED=${seed}`);
  return mulberry32(seed);
}

function mulberry32(seed: number): Dice {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}
