/**
 * Owns: the signals by which a person ends this process, counted.
 * Called by: the commands that run something: `run`, `up`, `sql`.
 *
 * SIG1 One press is one signal, however often it arrives. Ctrl-C reaches the whole foreground group of the terminal, and a program around
 *     this one (npx, npm, timeout) passes on what it got: the same request comes twice within milliseconds. What comes within
 *     ONE_PRESS_MS of the one that was counted is the same press.
 */
import type { Clock } from "../../base/index.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Longer than a wrapper needs to pass a signal on, shorter than a person needs to lose patience. */
const ONE_PRESS_MS = 400;

/** What tells of signals: this process, unless a test hands in another. */
type SignalEmitter = {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
};

/** Signals for this process, until `stop`. */
export class Signals {
  /** The one that was counted last. */
  received: NodeJS.Signals | null = null;
  /** `count`: how many there have been (SIG1). */
  onSignal: (count: number, signal: NodeJS.Signals) => void = () => {};
  readonly #clock: Clock;
  readonly #emitter: SignalEmitter;
  #count = 0;
  #countedMs = Number.NEGATIVE_INFINITY;
  readonly #listener = (signal: NodeJS.Signals): void => {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#countedMs < ONE_PRESS_MS) return;
    this.#countedMs = nowMs;
    this.received = signal;
    this.onSignal(++this.#count, signal);
  };

  constructor(clock: Clock, emitter: SignalEmitter = process) {
    this.#clock = clock;
    this.#emitter = emitter;
    for (const signal of signals) emitter.on(signal, this.#listener);
  }

  stop(): void {
    for (const signal of signals) this.#emitter.off(signal, this.#listener);
  }
}
