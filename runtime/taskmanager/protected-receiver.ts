/**
 * Owns: records that came from another thread or process being as hard to change as those that stayed in this one.
 * Called by: task-builder.ts, for channels that are encoded.
 *
 * PTR1 A function that changes its input fails alike whether its records were handed over or decoded (VG2): what works at one
 *     parallelism does not fail at another.
 */
import type { ChannelReceiver } from "../exchange/index.ts";
import type { StreamElement, ValueGuard } from "../record/index.ts";

export class ProtectedReceiver implements ChannelReceiver<unknown> {
  readonly #receiver: ChannelReceiver<unknown>;
  readonly #guard: ValueGuard;

  constructor(receiver: ChannelReceiver<unknown>, guard: ValueGuard) {
    this.#receiver = receiver;
    this.#guard = guard;
  }

  get hasNext(): boolean {
    return this.#receiver.hasNext;
  }

  get bytesReceived(): number {
    return this.#receiver.bytesReceived;
  }

  next(): StreamElement<unknown> | null {
    const element = this.#receiver.next();
    // Decoded for this task alone, so its rows may be replaced.
    if (element?.kind === "batch") this.#guard.admitRows(element.batch.rows as unknown[]);
    return element;
  }

  allow(rows: number): void {
    this.#receiver.allow(rows);
  }

  close(): void {
    this.#receiver.close();
  }
}
