/**
 * Owns: a walk over the keys that have state of one name, a few at a time, without end: what is behind the last one is the first one again.
 * Called by: operators that look through their state in small steps.
 *
 * KWK1 What is called may remove the key, or add others: a key that stays is not left out, and none has two turns in one round.
 */
import { type Key, keyHash } from "../../record/index.ts";
import type { KeyWalk } from "../../ports/index.ts";
import type { KeyContext } from "./key-context.ts";
import type { Table } from "./table.ts";

type Held = { readonly key: Key };

export class HeapKeyWalk implements KeyWalk {
  readonly #context: KeyContext;
  readonly #tableOf: () => Table<Held> | undefined;
  #round: IterableIterator<Held> | null = null;

  constructor(context: KeyContext, tableOf: () => Table<Held> | undefined) {
    this.#context = context;
    this.#tableOf = tableOf;
  }

  get size(): number {
    const groups = this.#tableOf()?.groups ?? [];
    return groups.reduce((size, group) => size + (group?.entries.size ?? 0), 0);
  }

  next(count: number, apply: (key: Key) => void): void {
    this.#round ??= membersOf(this.#tableOf());
    for (let visited = 0; visited < count; visited++) {
      const { done, value } = this.#round.next();
      if (done === true) {
        this.#round = null;
        break;
      }
      this.#context.set(value.key, keyHash(value.key));
      apply(value.key);
    }
    this.#context.release();
  }
}

function* membersOf(table: Table<Held> | undefined): IterableIterator<Held> {
  for (const group of table?.groups ?? []) if (group !== undefined) yield* group.entries.values();
}
