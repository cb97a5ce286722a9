/**
 * Owns: the rows that one side of a join has, by key of the join.
 * Called by: expiring-join.ts, with the key of the row at hand set.
 *
 * SQJS1 Rows that are the same are held once, with their number; in a stream that takes rows back it is the whole row that is looked for, because a
 *     new version may come before the old one is taken back.
 * SQJS2 `matches` of a row says how many rows of the other side it is joined with; it is kept where the join has to know when there is none.
 * SQJS3 A side that only grows is a list, cheaper to read and to add to: where nobody counts its matches, and where the other side only grows, too,
 *     so that a row that has a match keeps it.
 */
import type { KeyedOperatorState, ListState, MapState, OperatorFactory } from "../../ports/index.ts";
import { describeType, t, type ValueType } from "../../record/index.ts";
import type { Changes, PlanNode, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, rowText, type SqlRow } from "../rows/sql-row.ts";

type Declared = NonNullable<OperatorFactory<unknown, unknown>["declares"]>[number];

/** A row, how often it is there, and how many rows of the other side it is joined with. */
export type HeldRow = { row: SqlRow; count: number; matches: number };

export interface JoinSide {
  /** Calls `visit` for each row of the current key; true: it has changed `matches`. What it gets is valid during the call. */
  forEach(visit: (held: HeldRow) => boolean): void;
  add(row: SqlRow, matches: number): void;
  /** The row that is taken away; null: there is none. Of a side of upserts only the key of `row` counts. */
  take(row: SqlRow): SqlRow | null;
}

/** How a side is kept: follows from the plan. */
export type SidePlan = {
  readonly name: string;
  readonly row: PlanRow;
  readonly changes: Changes;
  /** What tells its rows apart within a key of the join. */
  readonly identity: readonly string[];
  readonly countsMatches: boolean;
  readonly otherChanges: Changes;
};

type SideNode = Pick<PlanNode, "row" | "changes" | "keys">;

export function sidePlan(
  name: string,
  { input, other }: { readonly input: SideNode; readonly other: Pick<PlanNode, "changes"> },
  countsMatches: boolean,
): SidePlan {
  const { row, changes, keys } = input;
  // SQJS1
  const key = changes === "retract" ? undefined : keys[0];
  const names = namesOf(row);
  // In one order, whatever that of the columns is: what is in a checkpoint is found after they were reordered, too.
  const identity = (key === undefined ? names : key.map((place) => names[place] as string)).toSorted();
  return { name, row, changes, identity, countsMatches, otherChanges: other.changes };
}

/** SQJS3 */
function formOf({ changes, countsMatches, otherChanges }: SidePlan): "list" | "flagged" | "counted" {
  if (changes !== "append") return "counted";
  if (!countsMatches) return "list";
  return otherChanges === "append" ? "flagged" : "counted";
}

type FlaggedRow = { readonly row: SqlRow; isMatched: boolean };

const flaggedType = (row: PlanRow): ValueType<FlaggedRow> =>
  t.record({ row: rowTypeOf(row), isMatched: t.boolean }) as ValueType<unknown> as ValueType<FlaggedRow>;

const heldType = (row: PlanRow): ValueType<HeldRow> =>
  t.record({ row: rowTypeOf(row), count: t.int32, matches: t.int32 }) as ValueType<unknown> as ValueType<HeldRow>;

export function declarationOfSide(plan: SidePlan): Declared {
  const { name, row } = plan;
  switch (formOf(plan)) {
    case "list":
      return { name, kind: "list", type: describeType(rowTypeOf(row)) };
    case "flagged":
      return { name, kind: "list", type: describeType(flaggedType(row)) };
    case "counted":
      return { name, kind: "map", type: `map<${describeType(t.string)}, ${describeType(heldType(row))}>` };
  }
}

export function openSide(plan: SidePlan, keyed: KeyedOperatorState): JoinSide {
  const { name, row, identity } = plan;
  switch (formOf(plan)) {
    case "list":
      return new GrowingSide(keyed.list({ name, type: rowTypeOf(row) as ValueType<SqlRow> }));
    case "flagged":
      return new FlaggedSide(keyed.list({ name, type: flaggedType(row) }));
    case "counted":
      return new CountedSide(keyed.map({ name, keyType: t.string, type: heldType(row) }), identity);
  }
}

class CountedSide implements JoinSide {
  readonly #state: MapState<string, HeldRow>;
  readonly #identity: readonly string[];

  constructor(state: MapState<string, HeldRow>, identity: readonly string[]) {
    this.#state = state;
    this.#identity = identity;
  }

  forEach(visit: (held: HeldRow) => boolean): void {
    for (const [identity, held] of this.#state.entries()) if (visit(held)) this.#state.put(identity, held);
  }

  add(row: SqlRow, matches: number): void {
    const identity = rowText(row, this.#identity);
    const count = (this.#state.get(identity)?.count ?? 0) + 1;
    this.#state.put(identity, { row, count, matches });
  }

  take(row: SqlRow): SqlRow | null {
    const identity = rowText(row, this.#identity);
    const held = this.#state.get(identity);
    if (held === undefined) return null;
    if (held.count === 1) this.#state.remove(identity);
    else this.#state.put(identity, { ...held, count: held.count - 1 });
    return held.row;
  }
}

/** SQJS3 */
class GrowingSide implements JoinSide {
  readonly #state: ListState<SqlRow>;
  readonly #shown: HeldRow = { row: {}, count: 1, matches: 0 };

  constructor(state: ListState<SqlRow>) {
    this.#state = state;
  }

  forEach(visit: (held: HeldRow) => boolean): void {
    for (const row of this.#state.get()) {
      this.#shown.row = row;
      visit(this.#shown);
    }
  }

  add(row: SqlRow): void {
    this.#state.add(row);
  }

  take(): SqlRow | null {
    return null;
  }
}

/** SQJS3: of a row it is kept whether it has a match, not how many. */
class FlaggedSide implements JoinSide {
  readonly #state: ListState<FlaggedRow>;
  readonly #shown: HeldRow = { row: {}, count: 1, matches: 0 };

  constructor(state: ListState<FlaggedRow>) {
    this.#state = state;
  }

  forEach(visit: (held: HeldRow) => boolean): void {
    const rows = this.#state.get();
    const shown = this.#shown;
    let hasChanged = false;
    for (const flagged of rows) {
      shown.row = flagged.row;
      shown.matches = flagged.isMatched ? 1 : 0;
      if (!visit(shown) || flagged.isMatched || shown.matches === 0) continue;
      flagged.isMatched = true;
      hasChanged = true;
    }
    if (hasChanged) this.#state.update(rows);
  }

  add(row: SqlRow, matches: number): void {
    this.#state.add({ row, isMatched: matches > 0 });
  }

  take(): SqlRow | null {
    return null;
  }
}
