/**
 * Owns: asking Kafka again after an error that passes.
 *
 * KRT1 A retriable error is asked again with growing waits until `deadlineMs` have passed; then, and any other at once, it is thrown.
 * KRT2 After `close` nothing is asked again: what waits rejects with the error that it waited for.
 */
import type { Clock, Timer } from "../../../../base/index.ts";
import { KafkaError } from "./kafka-error.ts";

const WAIT_MS_MIN = 10;
const WAIT_MS_MAX = 1000;

export class Retries {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #waiting = new Map<Timer, () => void>();
  #isClosed = false;

  constructor(clock: Clock, deadlineMs: number) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  async run<R>(
    attempt: () => Promise<R>,
    isRetriable: (error: KafkaError) => boolean = (error) => error.isRetriable,
  ): Promise<R> {
    const startMs = this.#clock.monotonicMs();
    for (let waitMs = WAIT_MS_MIN; ; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof KafkaError) || !isRetriable(error)) throw error;
        if (this.#isClosed || this.#clock.monotonicMs() - startMs + waitMs > this.#deadlineMs) throw error;
        await this.#wait(waitMs);
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const [timer, resolve] of this.#waiting) {
      timer.cancel();
      resolve();
    }
    this.#waiting.clear();
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(waitMs, () => {
        this.#waiting.delete(timer);
        resolve();
      });
      this.#waiting.set(timer, resolve);
    });
  }
}
