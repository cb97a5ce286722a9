/**
 * Owns: what is outside in the async bench: it answers each call after a latency, looked at once a millisecond; as AsyncLookup.java does.
 */

type Call = { readonly dueMs: number; answer(): void };

export class Outside {
  readonly #latencyMs: number;
  readonly #timer: NodeJS.Timeout;
  #calls: Call[] = [];
  /** Those in front of it are answered. */
  #next = 0;

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
    this.#timer = setInterval(() => this.#answerDue(), 1);
  }

  ask<A>(answerOf: () => A): Promise<A> {
    const dueMs = performance.now() + this.#latencyMs;
    return new Promise((resolve) => this.#calls.push({ dueMs, answer: () => resolve(answerOf()) }));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #answerDue(): void {
    const nowMs = performance.now();
    for (
      let call = this.#calls[this.#next];
      call !== undefined && call.dueMs <= nowMs;
      call = this.#calls[this.#next]
    ) {
      this.#next += 1;
      call.answer();
    }
    if (this.#next < this.#calls.length / 2) return;
    this.#calls = this.#calls.slice(this.#next);
    this.#next = 0;
  }
}
