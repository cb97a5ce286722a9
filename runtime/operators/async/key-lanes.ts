/**
 * Owns: that the records of one key are asked for one after the other.
 *
 * KLA1 Keys whose hashes are equal share a lane: one waits for the other, and order is kept.
 */
export class KeyLanes<R> {
  /** By hash: the one under way, then those that wait. */
  readonly #lanes = new Map<number, R[]>();

  /** True when the request may be made now; else `leave` gives it back in its turn. */
  enter(hash: number, request: R): boolean {
    const lane = this.#lanes.get(hash);
    if (lane === undefined) this.#lanes.set(hash, [request]);
    else lane.push(request);
    return lane === undefined;
  }

  /** The one under way has been answered: gives the next one. */
  leave(hash: number): R | null {
    const lane = this.#lanes.get(hash);
    lane?.shift();
    if (lane?.length === 0) this.#lanes.delete(hash);
    return lane?.[0] ?? null;
  }
}
