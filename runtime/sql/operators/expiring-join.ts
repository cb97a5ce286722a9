/**
 * Owns: the join of two inputs whose rows may be taken back, where the rows of a side are kept for some time only: row by row, over state that expires by itself.
 * Does not own: what expires (expiring-operator.ts). The same join without that is join.ts, whose rules are these, too (SQJJ1 to SQJJ3): it keeps rows in tables, which do not expire.
 */
import type { OperatorContext, OperatorFactory } from "../../ports/index.ts";
import { isAdded, rowKinds } from "../../record/index.ts";
import type { JoinNode } from "../plan/plan-tree.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { conditionOf, type JoinCondition } from "./join-condition.ts";
import { assertJoinable, assertKeyedUpserts, hasNull, keyNamesOf } from "./join-keys.ts";
import { declarationOfSide, type HeldRow, type JoinSide, openSide, type SidePlan, sidePlan } from "./join-side.ts";
import { isHalfJoin, keepsUnmatched } from "./join-type.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import { MissingRows } from "./missing-rows.ts";
import type { RowKind } from "./emitted-rows.ts";
import type { Half } from "./row-emitter.ts";
import { LEFT_ROWS, RIGHT_ROWS } from "./state-names.ts";

export function expiringJoin(node: JoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  for (const [input, keys] of [
    [node.left, node.leftKeys],
    [node.right, node.rightKeys],
  ] as const)
    assertKeyedUpserts(input, keys);
  const [keepsLeft, keepsRight] = keepsUnmatched(node.join);
  const sides = [
    sidePlan(LEFT_ROWS, { input: node.left, other: node.right }, keepsLeft || isHalfJoin(node.join)),
    sidePlan(RIGHT_ROWS, { input: node.right, other: node.left }, keepsRight),
  ] as const;
  return {
    kind: "operator",
    name: "join",
    declares: sides.map(declarationOfSide),
    create: () => new ExpiringJoin(node, sides, conditionOf(node, session)),
  };
}

class ExpiringJoin extends KeyedRowsOperator {
  readonly #node: JoinNode;
  readonly #plans: readonly [SidePlan, SidePlan];
  readonly #names: readonly [readonly string[], readonly string[]];
  readonly #keyNames: readonly [readonly string[], readonly string[]];
  readonly #condition: JoinCondition;
  readonly #isHalf: boolean;
  readonly #keeps: readonly [boolean, boolean];
  #sides!: readonly [JoinSide, JoinSide];
  #missing!: MissingRows;

  constructor(node: JoinNode, plans: readonly [SidePlan, SidePlan], condition: JoinCondition) {
    super(node, [
      { row: node.left.row, keys: node.leftKeys },
      { row: node.right.row, keys: node.rightKeys },
    ]);
    this.#node = node;
    this.#plans = plans;
    this.#condition = condition;
    this.#names = [namesOf(node.left.row), namesOf(node.right.row)];
    this.#keyNames = keyNamesOf(node);
    this.#isHalf = isHalfJoin(node.join);
    this.#keeps = keepsUnmatched(node.join);
  }

  protected openStates(context: OperatorContext): void {
    this.#sides = [openSide(this.#plans[0], this.keyed), openSide(this.#plans[1], this.keyed)];
    this.#missing = new MissingRows(context);
  }

  protected onRow(input: number, kind: RowKind, row: SqlRow): void {
    // SQJJ2
    if (hasNull(row, this.#keyNames[input] as readonly string[])) {
      if (this.#keeps[input] === true) this.#emitAlone(input, kind, row, 1);
      return;
    }
    const side = this.#sides[input] as JoinSide;
    const isUpsert = this.#plans[input]?.changes === "upsert";
    if (!isAdded(kind)) {
      const taken = side.take(row);
      if (taken !== null) this.#join(input, kind, taken);
      else if (!isUpsert) this.#missing.tell();
      return;
    }
    const before = isUpsert ? side.take(row) : null;
    if (before !== null) this.#join(input, rowKinds.updateBefore, before);
    side.add(row, this.#join(input, kind, row));
  }

  /** Emits what comes and goes with a row; answers how many rows of the other side it is joined with. */
  #join(input: number, kind: RowKind, row: SqlRow): number {
    const other = this.#sides[1 - input] as JoinSide;
    const step = isAdded(kind) ? 1 : -1;
    let matches = 0;
    other.forEach((held) => {
      if (!this.#matches(input, row, held.row)) return false;
      matches += held.count;
      if (this.#isHalf) return input === 1 && this.#countHalf(held, step);
      return this.#pair(input, kind, row, { held, step });
    });
    if (this.#isHalf && input === 0) {
      if ((this.#node.join === "SEMI") === matches > 0) this.emitter.emit(this.#plainKind(kind), row, this.#names[0]);
    } else if (matches === 0 && this.#keeps[input] === true) {
      this.#emitAlone(input, kind, row, 1);
    }
    return matches;
  }

  /** SQJJ1. True when it has changed `held.matches`. */
  #pair(
    input: number,
    kind: RowKind,
    row: SqlRow,
    { held, step }: { readonly held: HeldRow; readonly step: 1 | -1 },
  ): boolean {
    const keepsOther = this.#keeps[1 - input] === true;
    if (keepsOther && step === 1 && held.matches === 0)
      this.#emitAlone(1 - input, rowKinds.delete, held.row, held.count);
    for (let time = 0; time < held.count; time++) {
      const [left, right] = input === 0 ? [row, held.row] : [held.row, row];
      this.emitter.emitPair(this.#plainKind(kind), this.#half(0, left), this.#half(1, right));
    }
    if (!keepsOther) return false;
    held.matches += step;
    if (held.matches === 0) this.#emitAlone(1 - input, rowKinds.insert, held.row, held.count);
    return true;
  }

  /** Of a left row of SEMI and ANTI: the first match came, or the last one went. */
  #countHalf(held: HeldRow, step: 1 | -1): true {
    const before = held.matches;
    held.matches += step;
    if (before !== 0 && held.matches !== 0) return true;
    const isThere = (this.#node.join === "SEMI") === held.matches > 0;
    for (let time = 0; time < held.count; time++)
      this.emitter.emit(isThere ? rowKinds.insert : rowKinds.delete, held.row, this.#names[0]);
    return true;
  }

  /** With NULLs in the place of the other side. */
  #emitAlone(input: number, kind: RowKind, row: SqlRow, count: number): void {
    const plain = this.#plainKind(kind);
    for (let time = 0; time < count; time++) {
      if (this.#isHalf) this.emitter.emit(plain, row, this.#names[0]);
      else if (input === 0) this.emitter.emitPair(plain, this.#half(0, row), this.#half(1, null));
      else this.emitter.emitPair(plain, this.#half(0, null), this.#half(1, row));
    }
  }

  #half(input: 0 | 1, row: SqlRow | null): Half {
    return { row, names: this.#names[input] };
  }

  #matches(input: number, row: SqlRow, other: SqlRow): boolean {
    if (this.#condition === null) return true;
    return input === 0 ? this.#condition(row, other) : this.#condition(other, row);
  }

  /** An inner join changes as its inputs do. Elsewhere an update of one side may be something else in the result. */
  #plainKind(kind: RowKind): RowKind {
    if (this.#node.join === "INNER" && this.#node.changes === "retract") return kind;
    return isAdded(kind) ? rowKinds.insert : rowKinds.delete;
  }
}
