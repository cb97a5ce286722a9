/**
 * Owns: the only place of the runtime that touches the real clock, real randomness and the environment.
 */
import { randomBytes } from "node:crypto";
import type { Clock, Random, Timer } from "./clock.ts";

// Own references: a job's code, or a polyfill that it loads, may put something else in their place (fake timers, for example).
const { setTimeout, clearTimeout, setImmediate } = globalThis;
const { now } = Date;
const monotonicNow = performance.now.bind(performance);

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => now(),
  monotonicMs: () => monotonicNow(),
  after: (delayMs, callback) => {
    let handle: NodeJS.Timeout;
    const arm = (remainingMs: number): void => {
      const waitMs = Math.min(remainingMs, LONGEST_TIMEOUT_MS);
      handle = setTimeout(() => (remainingMs > waitMs ? arm(remainingMs - waitMs) : callback()), waitMs);
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};

export const systemRandom: Random = {
  next: () => Math.random(),
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};

/** One environment variable, or undefined. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

/** Calls back in the next turn of the event loop, after sockets, timers and messages had their chance. */
export function onNextTurn(callback: () => void): void {
  setImmediate(callback);
}

/** Calls back after so many milliseconds if this thread still lives then for another reason. */
export function ifStillAlive(delayMs: number, callback: () => void): Timer {
  const handle = setTimeout(callback, delayMs).unref();
  return { cancel: () => clearTimeout(handle) };
}

/** Calls back once when nothing is left in this process that could still happen; what it returns takes that back. */
export function onNothingLeft(callback: () => void): () => void {
  process.once("beforeExit", callback);
  return () => void process.off("beforeExit", callback);
}

/** Sets one environment variable for the threads that are started from now on. */
export function setEnvironmentVariable(name: string, value: string): void {
  process.env[name] = value;
}

/** The whole environment with some variables set, or removed (undefined): for a child process. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes };
}

/** The next turn of the event loop: sockets, timers and messages get their chance in between. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
