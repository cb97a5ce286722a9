/**
 * Owns: the join of rows whose times are not too far apart: each row is kept as long as a row of the other side may still come to it, and no longer.
 * Does not own: where its time is from: the planner says that, `rowtime` goes by watermarks, `proctime` by the clock.
 *
 * SQJI1 A left row of time t has right rows from t - upper to t - lower: it is kept until the watermark is t - lower. A right row of time t is kept until
 *     t + upper. Then it is emitted with NULLs, if it has had no match and the join keeps it.
 * SQJI2 Nothing is taken back. A row that comes when it would be kept no longer still meets those that are there.
 * SQJI3 A row that waits is older than the watermark may say: what is emitted follows the watermark by the longest wait (WM-2).
 * SQJI4 NULL equals nothing, and is no time: a row with NULL in a key or as its time has no match.
 */
import type { MapState, OperatorContext, OperatorFactory, TimerService } from "../../ports/index.ts";
import { describeType, MAX_WATERMARK, rowKinds, t, type ValueType } from "../../record/index.ts";
import type { IntervalJoinNode, PlanColumn, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { conditionOf, type JoinCondition } from "./join-condition.ts";
import { assertJoinable, hasNull } from "./join-keys.ts";
import { isHalfJoin, keepsUnmatched } from "./join-type.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import type { Half, RowKind } from "./row-emitter.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";

type WaitingRow = { readonly row: SqlRow; isMatched: boolean };

const SIDES = ["left", "right"] as const;

const waitingType = (row: PlanRow): ValueType<readonly WaitingRow[]> =>
  t.list(t.record({ row: rowTypeOf(row), isMatched: t.boolean })) as ValueType<unknown> as ValueType<
    readonly WaitingRow[]
  >;

const declarationOf = (name: string, row: PlanRow) => ({
  name,
  kind: "map",
  type: `map<${describeType(t.timestamp as ValueType<unknown>)}, ${describeType(waitingType(row) as ValueType<unknown>)}>`,
});

export function intervalJoinOperator(node: IntervalJoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  const { left, right } = node;
  return {
    kind: "operator",
    name: "intervalJoin",
    declares: [
      declarationOf(SIDES[0], left.row),
      declarationOf(SIDES[1], right.row),
      ...SIDES.map((name) => ({ name, kind: "timers", type: "timestamp" })),
      declarationOfWatermark,
    ],
    create: () => new IntervalJoin(node, conditionOf(node, session)),
  };
}

class IntervalJoin extends KeyedRowsOperator {
  readonly ownsWatermarks?: true;
  readonly #node: IntervalJoinNode;
  readonly #condition: JoinCondition;
  readonly #names: readonly [readonly string[], readonly string[]];
  readonly #keyNames: readonly [readonly string[], readonly string[]];
  readonly #times: readonly [string, string];
  readonly #keeps: readonly [boolean, boolean];
  readonly #isHalf: boolean;
  /** Milliseconds from a row's time until it is kept no longer. */
  readonly #waits: readonly [number, number];
  /** SQJI3 */
  readonly #delay: number;
  #states!: readonly [MapState<number, readonly WaitingRow[]>, MapState<number, readonly WaitingRow[]>];
  #timers!: readonly [TimerService, TimerService];
  #watermark!: WatermarkMemory;

  constructor(node: IntervalJoinNode, condition: JoinCondition) {
    super(node, [
      { row: node.left.row, keys: node.leftKeys },
      { row: node.right.row, keys: node.rightKeys },
    ]);
    this.#node = node;
    this.#condition = condition;
    this.#names = [namesOf(node.left.row), namesOf(node.right.row)];
    this.#keyNames = [
      node.leftKeys.map((place) => this.#names[0][place] as string),
      node.rightKeys.map((place) => this.#names[1][place] as string),
    ];
    this.#times = [
      (node.left.row[node.leftTime] as PlanColumn).name,
      (node.right.row[node.rightTime] as PlanColumn).name,
    ];
    this.#keeps = keepsUnmatched(node.join);
    this.#isHalf = isHalfJoin(node.join);
    this.#waits = [-node.lower, node.upper];
    this.#delay = node.isProctime ? 0 : Math.max(0, ...this.#waits);
    if (this.#delay > 0) this.ownsWatermarks = true;
  }

  protected openStates(context: OperatorContext): void {
    const { left, right } = this.#node;
    this.#states = [
      this.keyed.map({ name: SIDES[0], keyType: t.timestamp, type: waitingType(left.row) }),
      this.keyed.map({ name: SIDES[1], keyType: t.timestamp, type: waitingType(right.row) }),
    ];
    this.#timers = [this.#timersOf(0), this.#timersOf(1)];
    this.#watermark = new WatermarkMemory(context);
  }

  override onWatermark(timestamp: number): void {
    this.#watermark.raise(timestamp);
    super.onWatermark(timestamp);
    if (this.#delay > 0 && timestamp < MAX_WATERMARK) this.output.emitWatermark(timestamp - this.#delay);
  }

  /** Only called where the operator owns its watermarks. */
  onStatus(idle: boolean): void {
    this.output.emitStatus(idle);
  }

  prepareSnapshot(): void {
    this.#watermark.save();
  }

  protected onRow(input: 0 | 1, _kind: RowKind, row: SqlRow): void {
    const time = this.#node.isProctime ? this.context.clock.nowMs() : (row[this.#times[input]] as number | null);
    if (time === null || hasNull(row, this.#keyNames[input])) {
      this.#emitAlone(input, row);
      return;
    }
    const isMatched = this.#meet(input, row, time);
    if (this.#isHalf && input === 0 && isMatched) {
      if (this.#node.join === "SEMI") this.emitter.emit(rowKinds.insert, row, this.#names[0]);
      return;
    }
    const until = time + this.#waits[input];
    const now = this.#node.isProctime ? time : this.#watermark.current;
    // SQJI2. By the clock a row may come in the same millisecond.
    if (until < now || (until === now && !this.#node.isProctime)) {
      if (!isMatched) this.#emitAlone(input, row);
      return;
    }
    const state = this.#states[input];
    const waiting = (state.get(time) ?? []) as WaitingRow[];
    waiting.push({ row, isMatched });
    state.put(time, waiting);
    if (this.#node.isProctime) this.#timers[input].registerProcessingTime(until + 1);
    else this.#timers[input].registerEventTime(until);
  }

  /** Emits the row with those of the other side that are there; true when there is one. */
  #meet(input: 0 | 1, row: SqlRow, time: number): boolean {
    const { lower, upper } = this.#node;
    const [from, to] = input === 0 ? [time - upper, time - lower] : [time + lower, time + upper];
    const others = this.#states[1 - input] as MapState<number, readonly WaitingRow[]>;
    const notesMatches = this.#isHalf || this.#keeps[1 - input] === true;
    let isMatched = false;
    for (const [at, waiting] of others.entries()) {
      if (at < from || at > to) continue;
      let hasChanged = false;
      for (const other of waiting) {
        if (!this.#matches(input, row, other.row)) continue;
        isMatched = true;
        if (this.#isHalf && input === 0) return true;
        this.#emitMatch(input, row, other);
        if (!notesMatches || other.isMatched) continue;
        other.isMatched = true;
        hasChanged = true;
      }
      if (hasChanged) this.#keepMatched(others, at, waiting);
    }
    return isMatched;
  }

  /** A left row of SEMI and ANTI is done with its first match. */
  #keepMatched(state: MapState<number, readonly WaitingRow[]>, time: number, waiting: readonly WaitingRow[]): void {
    const left = this.#isHalf ? waiting.filter(({ isMatched }) => !isMatched) : waiting;
    if (left.length === 0) state.remove(time);
    else state.put(time, left);
  }

  #emitMatch(input: 0 | 1, row: SqlRow, other: WaitingRow): void {
    if (!this.#isHalf) {
      const [left, right] = input === 0 ? [row, other.row] : [other.row, row];
      this.emitter.emitPair(rowKinds.insert, this.#half(0, left), this.#half(1, right));
    } else if (this.#node.join === "SEMI" && !other.isMatched) {
      this.emitter.emit(rowKinds.insert, other.row, this.#names[0]);
    }
  }

  /** SQJI1 */
  #expire(input: 0 | 1, time: number): void {
    const state = this.#states[input];
    const waiting = state.get(time);
    if (waiting === undefined) return;
    state.remove(time);
    if (this.#keeps[input]) for (const { row, isMatched } of waiting) if (!isMatched) this.#emitAlone(input, row);
  }

  #emitAlone(input: 0 | 1, row: SqlRow): void {
    if (!this.#keeps[input]) return;
    if (this.#isHalf) this.emitter.emit(rowKinds.insert, row, this.#names[0]);
    else if (input === 0) this.emitter.emitPair(rowKinds.insert, this.#half(0, row), this.#half(1, null));
    else this.emitter.emitPair(rowKinds.insert, this.#half(0, null), this.#half(1, row));
  }

  #half(input: 0 | 1, row: SqlRow | null): Half {
    return { row, names: this.#names[input] };
  }

  #matches(input: 0 | 1, row: SqlRow, other: SqlRow): boolean {
    if (this.#condition === null) return true;
    return input === 0 ? this.#condition(row, other) : this.#condition(other, row);
  }

  #timersOf(input: 0 | 1): TimerService {
    return this.keyed.timers(SIDES[input], {
      onEventTime: (timestamp) => this.#expire(input, timestamp - this.#waits[input]),
      onProcessingTime: (timestamp) => {
        this.#expire(input, timestamp - 1 - this.#waits[input]);
        this.emitter.flush();
      },
    });
  }
}
