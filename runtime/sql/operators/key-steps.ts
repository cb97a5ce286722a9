/**
 * Owns: what an operator emits at the end of a bounded input, key by key, in steps between which it leaves (SteppedWork).
 * Called by: operators of batch that keep a key's rows or its sums as objects.
 *
 * SQKS1 A step is so many rows or keys, whatever key they are of: neither a key of many rows nor many keys of none hold the thread.
 */
import type { KeyedOperatorState } from "../../ports/index.ts";
import { type Key, keyHash } from "../../record/index.ts";
import { PAGE_SLOTS } from "./accumulators/column-accumulator.ts";

type ByKey = {
  readonly keyed: KeyedOperatorState;
  /** All keys that have it. */
  readonly stateName: string;
  readonly emitter: { flush(): void };
};

/** `emit` is called with its key as the current one, which it is until the first `yield`: one after each row. */
export function* emittedByKey(
  { keyed, stateName, emitter }: ByKey,
  emit: (key: Key) => Iterable<void>,
): Generator<void> {
  const keys: Key[] = [];
  keyed.forEachKey(stateName, (key) => void keys.push(key));
  let count = 0;
  for (const key of keys) {
    keyed.setCurrentKey(key, keyHash(key));
    for (const _row of emit(key)) {
      if (++count % PAGE_SLOTS !== 0) continue;
      emitter.flush();
      yield;
    }
    if (++count % PAGE_SLOTS !== 0) continue;
    emitter.flush();
    yield;
  }
  emitter.flush();
}
