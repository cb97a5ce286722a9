/**
 * Owns: how often each value is there, for DISTINCT and for MIN and MAX of rows that may be taken back.
 *
 * SQON1 Of a group that may have any number of values the counts are map state: a checkpoint and a check of the state look at single values, not at all of them. Of windows and
 *     frames they are part of the accumulator's state.
 */
import type { KeyedOperatorState, MapState } from "../../../ports/index.ts";
import { describeType, type Key, t, type ValueType } from "../../../record/index.ts";
import type { Identities, Identity } from "./identity.ts";

/** A Map is one. */
export type Counts = {
  get(identity: Identity): number | undefined;
  set(identity: Identity, count: number): unknown;
  delete(identity: Identity): unknown;
  entries(): Iterable<readonly [Identity, number]>;
};

const COUNT = t.int64 as ValueType<number>;
/** NaN is no key of map state. */
const NAN = "NaN";

/** Of the current key, once it is open. */
export class StateCounts implements Counts {
  readonly declaration: { readonly name: string; readonly kind: "map"; readonly type: string };
  readonly #keyType: ValueType<Key>;
  readonly #isFloat: boolean;
  #state!: MapState<Key, number>;

  constructor(name: string, { type }: Identities) {
    this.#isFloat = type.kind === "float64";
    this.#keyType = (this.#isFloat ? t.any : type) as ValueType<Key>;
    this.declaration = { name, kind: "map", type: `map<${describeType(this.#keyType)}, ${describeType(COUNT)}>` };
  }

  open(keyed: KeyedOperatorState): void {
    this.#state = keyed.map({ name: this.declaration.name, keyType: this.#keyType, type: COUNT });
  }

  get(identity: Identity): number | undefined {
    return this.#state.get(this.#keyOf(identity));
  }

  set(identity: Identity, count: number): void {
    this.#state.put(this.#keyOf(identity), count);
  }

  delete(identity: Identity): void {
    this.#state.remove(this.#keyOf(identity));
  }

  *entries(): Iterable<readonly [Identity, number]> {
    for (const [key, count] of this.#state.entries())
      yield [this.#isFloat && key === NAN ? Number.NaN : (key as Identity), count];
  }

  clear(): void {
    this.#state.clear();
  }

  #keyOf(identity: Identity): Key {
    return this.#isFloat && Number.isNaN(identity) ? NAN : identity;
  }
}

/** Where an accumulator's counts are: in map state, or in its own state, under `counts`. */
export type CountsPlace<S> = {
  /** Fields of the state. */
  readonly fields: Readonly<Record<string, ValueType<unknown>>>;
  create(): Readonly<Record<string, unknown>>;
  of(state: S): Counts;
};

export function countsPlace<S>(identities: Identities, outside: StateCounts | null): CountsPlace<S> {
  if (outside !== null) return { fields: {}, create: () => ({}), of: () => outside };
  return {
    fields: { counts: t.map(identities.type, COUNT) as ValueType<unknown> },
    create: () => ({ counts: new Map() }),
    of: (state) => (state as { readonly counts: Map<Identity, number> }).counts,
  };
}
