/**
 * Owns: the port through which everything asks for time, timers and randomness; system.ts is the real one.
 */

/** A timer that can be taken back. Cancelling twice, or after it fired, does nothing. */
export type Timer = { cancel(): void };

/** Time in milliseconds. `nowMs` is the wall clock (epoch), `monotonicMs` never goes back and has a fraction. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs` (0 or more; longer than 2^31 ms is cut into several waits). */
  after(delayMs: number, callback: () => void): Timer;
}

/** A wait until a time of the wall clock looks at it at least so often. */
const WALL_CLOCK_LOOK_MS = 30_000;

/**
 * Calls back once `nowMs` has come to `timeMs`. The wall clock may be set while it waits, by a person or a time server, and a delay
 * computed from it once would be slept in full: set back for two seconds, it would hold up everything that was armed in them by
 * as much as it was set back. So the wait is cut into short ones, and follows the clock within half a minute.
 */
export function waitUntil(clock: Clock, timeMs: number, callback: () => void): Timer {
  let timer: Timer;
  const arm = (): void => {
    const delayMs = Math.min(WALL_CLOCK_LOOK_MS, Math.max(0, timeMs - clock.nowMs()));
    timer = clock.after(delayMs, () => (clock.nowMs() >= timeMs ? callback() : arm()));
  };
  arm();
  return { cancel: () => timer.cancel() };
}

/** Random bits; a seeded one makes runs repeatable. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Lower-case hexadecimal of `bytes` random bytes. */
  hex(bytes: number): string;
}

/** Resolves after `delayMs` by the clock. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** A deterministic Random (splitmix32): same seed, same sequence. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const word = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  return {
    next: () => word() / 0x1_0000_0000,
    hex: (bytes) => {
      let text = "";
      while (text.length < bytes * 2) text += word().toString(16).padStart(8, "0");
      return text.slice(0, bytes * 2);
    },
  };
}
