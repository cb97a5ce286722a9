/** Owns: the signals by which a person ends this process, counted. */

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Signals for this process, until `stop`. */
export class Signals {
  received: NodeJS.Signals | null = null;
  /** `count`: how many there have been. */
  onSignal: (count: number) => void = () => {};
  #count = 0;
  readonly #listener = (signal: NodeJS.Signals): void => {
    this.received = signal;
    this.onSignal(++this.#count);
  };

  constructor() {
    for (const signal of signals) process.on(signal, this.#listener);
  }

  stop(): void {
    for (const signal of signals) process.off(signal, this.#listener);
  }
}
