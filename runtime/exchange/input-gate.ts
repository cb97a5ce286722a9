/**
 * Owns: all input channels of a task as one input: takes turns fairly and leaves blocked channels alone.
 * Called by: taskmanager/task.
 *
 * IG1 A channel that has something and is not blocked is served after at most one element of each other channel.
 */
import type { Barrier, StreamElement } from "../record/index.ts";
import { type AlignmentStep, BarrierAligner } from "./barrier-aligner.ts";
import type { ChannelReceiver } from "./channel.ts";

export class InputGate {
  readonly channels: readonly ChannelReceiver<unknown>[];
  readonly #aligner: BarrierAligner;
  #turn = 0;
  /** The channel that `next` took its element from. */
  lastChannel = 0;

  constructor(channels: readonly ChannelReceiver<unknown>[]) {
    this.channels = channels;
    this.#aligner = new BarrierAligner(channels.length);
  }

  get hasNext(): boolean {
    for (let index = 0; index < this.channels.length; index++) {
      if ((this.channels[index] as ChannelReceiver<unknown>).hasNext && !this.#aligner.isBlocked(index)) return true;
    }
    return false;
  }

  get isAligning(): boolean {
    return this.#aligner.isAligning;
  }

  next(): StreamElement<unknown> | null {
    const count = this.channels.length;
    for (let tried = 0; tried < count; tried++) {
      const index = this.#turn;
      this.#turn = index + 1 === count ? 0 : index + 1;
      const receiver = this.channels[index] as ChannelReceiver<unknown>;
      if (!receiver.hasNext || this.#aligner.isBlocked(index)) continue;
      const element = receiver.next();
      if (element === null) continue;
      this.lastChannel = index;
      return element;
    }
    return null;
  }

  onBarrier(channel: number, barrier: Barrier): AlignmentStep {
    return this.#aligner.onBarrier(channel, barrier);
  }

  onAborted(checkpointId: number): void {
    this.#aligner.onAborted(checkpointId);
  }

  /** So many rows, shared by all channels, are to be under way (CH4). */
  allow(rows: number): void {
    const share = Math.max(1, Math.floor(rows / this.channels.length));
    for (const receiver of this.channels) receiver.allow(share);
  }

  get bytesReceived(): number {
    let bytes = 0;
    for (const receiver of this.channels) bytes += receiver.bytesReceived;
    return bytes;
  }

  close(): void {
    for (const receiver of this.channels) receiver.close();
  }
}
