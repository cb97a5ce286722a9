/**
 * Owns: joins whose rows are held until all of a key are there, and are joined once: of windows, when the watermark ends them, and of bounded inputs, when
 *       those have ended.
 *
 * SQJH1 Only final rows are emitted: nothing is taken back.
 * SQJH2 A window is joined once. A row that comes when its window has ended is late: it is dropped and counted, after a restore, too.
 * SQJH3 NULL equals nothing: a row with NULL in a key has no match.
 */
import type { ListState, OperatorContext, OperatorFactory } from "../../ports/index.ts";
import { describeType, rowKinds, type ValueType } from "../../record/index.ts";
import type { JoinNode, PlanRow, WindowJoinNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { isHalfJoin, keepsUnmatched } from "./join-type.ts";
import { conditionOf, type JoinCondition } from "./join-condition.ts";
import { assertJoinable, hasNull } from "./join-keys.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import type { Half, RowKind } from "./row-emitter.ts";
import { declarationsOfEnds, lastInstantOf, type LastInstantOf, WindowEnds } from "./window-ends.ts";

type HeldNode = JoinNode | WindowJoinNode;

const STATES = ["left", "right"] as const;

const declarationOf = (name: string, row: PlanRow) => ({ name, kind: "list", type: describeType(rowTypeOf(row)) });

/** Of windows. */
export function windowJoinOperator(node: WindowJoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  return {
    kind: "operator",
    name: "windowJoin",
    declares: [declarationOf("left", node.left.row), declarationOf("right", node.right.row), ...declarationsOfEnds],
    create: () =>
      new WindowJoin(node, conditionOf(node, session), [
        lastInstantOf(node.left, node.leftEnd, session),
        lastInstantOf(node.right, node.rightEnd, session),
      ]),
  };
}

/** Of bounded inputs. */
export function boundedJoin(node: JoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  return {
    kind: "operator",
    name: "join",
    declares: [declarationOf("left", node.left.row), declarationOf("right", node.right.row)],
    create: () => new BoundedJoin(node, conditionOf(node, session)),
  };
}

abstract class HeldJoin extends KeyedRowsOperator {
  readonly #node: HeldNode;
  readonly #condition: JoinCondition;
  protected readonly names: readonly [readonly string[], readonly string[]];
  readonly #keyNames: readonly string[];
  protected sides!: readonly [ListState<SqlRow>, ListState<SqlRow>];

  constructor(node: HeldNode, condition: JoinCondition) {
    super(node, [
      { row: node.left.row, keys: node.leftKeys },
      { row: node.right.row, keys: node.rightKeys },
    ]);
    this.#node = node;
    this.#condition = condition;
    this.names = [namesOf(node.left.row), namesOf(node.right.row)];
    this.#keyNames = node.leftKeys.map((place) => this.names[0][place] as string);
  }

  protected openStates(_context: OperatorContext): void {
    const { left, right } = this.#node;
    this.sides = [
      this.keyed.list({ name: STATES[0], type: rowTypeOf(left.row) as ValueType<SqlRow> }),
      this.keyed.list({ name: STATES[1], type: rowTypeOf(right.row) as ValueType<SqlRow> }),
    ];
  }

  /** Emits the join of the rows of the current key, which are then gone. */
  protected emitHeld(): void {
    const [lefts, rights] = [this.sides[0].get(), this.sides[1].get()];
    const { join } = this.#node;
    const [keepsLeft, keepsRight] = keepsUnmatched(join);
    const isMatched = keepsRight ? new Uint8Array(rights.length) : null;
    for (const left of lefts) {
      const hasMatch = this.#emitMatches(left, rights, isMatched);
      if (isHalfJoin(join)) {
        if ((join === "SEMI") === hasMatch) this.emitter.emit(rowKinds.insert, left, this.names[0]);
      } else if (keepsLeft && !hasMatch) {
        this.emitter.emitPair(rowKinds.insert, this.#half(0, left), this.#half(1, null));
      }
    }
    if (isMatched !== null)
      for (const [at, right] of rights.entries())
        if (isMatched[at] === 0) this.emitter.emitPair(rowKinds.insert, this.#half(0, null), this.#half(1, right));
    for (const side of this.sides) side.clear();
  }

  /** True when there is one. */
  #emitMatches(left: SqlRow, rights: readonly SqlRow[], isMatched: Uint8Array | null): boolean {
    // SQJH3: the right rows have the same key.
    if (hasNull(left, this.#keyNames)) return false;
    const isHalf = isHalfJoin(this.#node.join);
    let hasMatch = false;
    for (let at = 0; at < rights.length; at++) {
      const right = rights[at] as SqlRow;
      if (this.#condition !== null && !this.#condition(left, right)) continue;
      hasMatch = true;
      if (isHalf) break;
      if (isMatched !== null) isMatched[at] = 1;
      this.emitter.emitPair(rowKinds.insert, this.#half(0, left), this.#half(1, right));
    }
    return hasMatch;
  }

  #half(input: 0 | 1, row: SqlRow | null): Half {
    return { row, names: this.names[input] };
  }
}

class WindowJoin extends HeldJoin {
  readonly #lastOf: readonly [LastInstantOf, LastInstantOf];
  #ends!: WindowEnds;

  constructor(node: WindowJoinNode, condition: JoinCondition, lastOf: readonly [LastInstantOf, LastInstantOf]) {
    super(node, condition);
    this.#lastOf = lastOf;
  }

  protected override openStates(context: OperatorContext): void {
    super.openStates(context);
    this.#ends = new WindowEnds(context, () => this.emitHeld());
  }

  override onWatermark(timestamp: number): void {
    this.#ends.raise(timestamp);
    super.onWatermark(timestamp);
  }

  prepareSnapshot(): void {
    this.#ends.save();
  }

  /** SQJH2 */
  protected onRow(input: 0 | 1, _kind: RowKind, row: SqlRow): void {
    if (this.#ends.admits(this.#lastOf[input](row))) this.sides[input].add(row);
  }
}

class BoundedJoin extends HeldJoin {
  protected onRow(input: number, _kind: RowKind, row: SqlRow): void {
    this.sides[input]?.add(row);
  }

  endInput(): void {
    this.keyed.forEachKey(STATES[0], () => this.emitHeld());
    // Those that have right rows only.
    this.keyed.forEachKey(STATES[1], () => this.emitHeld());
    this.emitter.flush();
  }
}
