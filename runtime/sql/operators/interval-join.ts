/**
 * Owns: the join of rows whose times are not too far apart: each row is kept as long as a row of the other side may still come to it, and no longer.
 * Does not own: where its time is from: the planner says that, `rowtime` goes by watermarks, `proctime` by the clock.
 *
 * SQJI1 A left row of time t has right rows from t - upper to t - lower: it is kept until the watermark is t - lower. A right row of time t is kept until
 *     t + upper. Then it is emitted with NULLs, if it has had no match and the join keeps it; one that the join does not keep may stay a little longer.
 * SQJI2 Nothing is taken back. A row that comes when it would be kept no longer still meets those that are there.
 * SQJI3 A row that waits is older than the watermark may say: what is emitted follows the watermark by the longest wait (WM-2).
 * SQJI4 NULL equals nothing, and is no time: a row with NULL in a key or as its time has no match.
 */
import type { OperatorContext, OperatorFactory, TimerService } from "../../ports/index.ts";
import { MAX_WATERMARK, rowKinds } from "../../record/index.ts";
import type { IntervalJoinNode, PlanColumn } from "../plan/plan-tree.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { conditionOf, type JoinCondition } from "./join-condition.ts";
import { assertJoinable, hasNull } from "./join-keys.ts";
import { isHalfJoin, keepsUnmatched } from "./join-type.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import type { Half, RowKind } from "./row-emitter.ts";
import { declarationOfWaiting, type WaitingRow, WaitingRows } from "./waiting-rows.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";

const SIDES = ["left", "right"] as const;
/** Rows of which nothing is emitted when they go may stay this part of the interval longer: they go together. */
const LONGER = 1 / 4;

export function intervalJoinOperator(node: IntervalJoinNode, session: SqlSession): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  const { left, right } = node;
  return {
    kind: "operator",
    name: "intervalJoin",
    declares: [
      declarationOfWaiting(SIDES[0], left.row),
      declarationOfWaiting(SIDES[1], right.row),
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
  /** Timers are set for multiples of it. */
  readonly #steps: readonly [number, number];
  #waiting!: readonly [WaitingRows, WaitingRows];
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
    const longer = Math.max(1, Math.floor((node.upper - node.lower) * LONGER));
    this.#steps = [this.#keeps[0] ? 1 : longer, this.#keeps[1] ? 1 : longer];
    this.#delay = node.isProctime ? 0 : Math.max(0, ...this.#waits);
    if (this.#delay > 0) this.ownsWatermarks = true;
  }

  protected openStates(context: OperatorContext): void {
    const { left, right } = this.#node;
    this.#waiting = [new WaitingRows(this.keyed, SIDES[0], left.row), new WaitingRows(this.keyed, SIDES[1], right.row)];
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
    this.#waiting[input].add({ at: time, row, isMatched });
    const goesAt = Math.ceil(until / this.#steps[input]) * this.#steps[input];
    if (this.#node.isProctime) this.#timers[input].registerProcessingTime(goesAt + 1);
    else this.#timers[input].registerEventTime(goesAt);
  }

  /** Emits the row with those of the other side that are there; true when there is one. */
  #meet(input: 0 | 1, row: SqlRow, time: number): boolean {
    const { lower, upper } = this.#node;
    const times = input === 0 ? { from: time - upper, to: time - lower } : { from: time + lower, to: time + upper };
    const others = this.#waiting[1 - input] as WaitingRows;
    const notesMatches = this.#isHalf || this.#keeps[1 - input] === true;
    let isMatched = false;
    others.forEach(times, (other) => {
      if (!this.#matches(input, row, other.row)) return "next";
      isMatched = true;
      if (this.#isHalf && input === 0) return "stop";
      this.#emitMatch(input, row, other);
      return notesMatches ? "matched" : "next";
    });
    // A left row of SEMI and ANTI is done with its first match.
    if (isMatched && this.#isHalf && input === 1) others.dropMatched();
    return isMatched;
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
  #expire(input: 0 | 1, until: number): void {
    const gone = this.#waiting[input].takeUntil(until - this.#waits[input]);
    if (this.#keeps[input]) for (const { row, isMatched } of gone) if (!isMatched) this.#emitAlone(input, row);
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
      onEventTime: (timestamp) => this.#expire(input, timestamp),
      onProcessingTime: (timestamp) => {
        this.#expire(input, timestamp - 1);
        this.emitter.flush();
      },
    });
  }
}
