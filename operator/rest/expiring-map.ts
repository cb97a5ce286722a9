/**
 * Owns: a map that forgets: each entry after its time, and the oldest ones when there are too many.
 */
import type { Clock } from "../../base/index.ts";

export class ExpiringMap<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly endMs: number }>();
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #entriesMax: number;

  constructor({ clock, ttlMs, entriesMax }: { clock: Clock; ttlMs: number; entriesMax: number }) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#entriesMax = entriesMax;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#clock.monotonicMs() < entry.endMs) return entry?.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= this.#entriesMax && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, { value, endMs: this.#clock.monotonicMs() + this.#ttlMs });
  }
}
