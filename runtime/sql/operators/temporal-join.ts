/**
 * Owns: the join of each left row with the version of its key that was there at its time.
 * Does not own: which rows are versions (plan/temporal-joins.ts), bounded inputs (bounded-temporal-join.ts).
 *
 * SQJV1 A left row waits until the watermark has reached its time: then all versions up to it have come. It is emitted with the newest of them, and leaves in the order of times,
 *     ahead of the watermark.
 * SQJV2 Of the versions that the watermark has passed only the newest of each key is kept. A left row that is late meets what is kept: the versions behind its time are not
 *     its own, so that it may meet none.
 * SQJV3 A version holds from its time on until the time of the next one, whichever came first. What an update takes back says nothing; a deletion holds from its time on, and one
 *     without a time from that of the version that it deletes.
 * SQJV4 NULL equals nothing, and is no time: such a left row has no match, and such a version is none.
 */
import { assert } from "../../../base/index.ts";
import type { OperatorContext, OperatorFactory, TimerService } from "../../ports/index.ts";
import { rowKinds } from "../../record/index.ts";
import type { PlanColumn, PlanMode, TemporalJoinNode } from "../plan/plan-tree.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { boundedTemporalJoin } from "./bounded-temporal-join.ts";
import { conditionOf, type JoinCondition } from "./join-condition.ts";
import { assertJoinable, hasNull, keyNamesOf } from "./join-keys.ts";
import { KeyedRowsOperator } from "./keyed-rows.ts";
import type { RowKind } from "./emitted-rows.ts";
import { declarationOfTimed, TimedRows } from "./timed-rows.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";

const LEFT = "left";
const VERSIONS = "versions";
const TIMES = "times";

export function temporalJoinOperator(
  node: TemporalJoinNode,
  session: SqlSession,
  mode: PlanMode,
): OperatorFactory<unknown, unknown> {
  assertJoinable(node);
  if (mode === "batch") return boundedTemporalJoin(node, session);
  const { left, right } = node;
  return {
    kind: "operator",
    name: "temporalJoin",
    declares: [
      declarationOfTimed(LEFT, left.row),
      declarationOfTimed(VERSIONS, right.row),
      { name: TIMES, kind: "timers", type: "timestamp" },
      declarationOfWatermark,
    ],
    create: () => new TemporalJoin(node, conditionOf(node, session)),
  };
}

class TemporalJoin extends KeyedRowsOperator {
  readonly #node: TemporalJoinNode;
  readonly #condition: JoinCondition;
  readonly #names: readonly [readonly string[], readonly string[]];
  readonly #keyNames: readonly [readonly string[], readonly string[]];
  readonly #times: readonly [string, string];
  #waiting!: TimedRows;
  #versions!: TimedRows;
  #timers!: TimerService;
  #watermark!: WatermarkMemory;

  constructor(node: TemporalJoinNode, condition: JoinCondition) {
    super(node, [
      { row: node.left.row, keys: node.leftKeys },
      { row: node.right.row, keys: node.rightKeys },
    ]);
    this.#node = node;
    this.#condition = condition;
    this.#names = [namesOf(node.left.row), namesOf(node.right.row)];
    this.#keyNames = keyNamesOf(node);
    this.#times = [
      (node.left.row[node.leftTime] as PlanColumn).name,
      (node.right.row[node.rightTime] as PlanColumn).name,
    ];
  }

  protected openStates(context: OperatorContext): void {
    const { left, right } = this.#node;
    this.#waiting = new TimedRows(this.keyed, LEFT, left.row);
    this.#versions = new TimedRows(this.keyed, VERSIONS, right.row);
    this.#timers = this.keyed.timers(TIMES, {
      onEventTime: (timestamp) => this.#reach(timestamp),
      onProcessingTime: () => assert(false, "versions go by the time of rows"),
    });
    this.#watermark = new WatermarkMemory(context);
  }

  override onWatermark(timestamp: number): void {
    this.#watermark.raise(timestamp);
    super.onWatermark(timestamp);
  }

  prepareSnapshot(): void {
    this.#watermark.save();
  }

  protected onRow(input: 0 | 1, kind: RowKind, row: SqlRow): void {
    if (input === 1) this.#addVersion(kind, row);
    else this.#addLeft(row);
  }

  #addLeft(row: SqlRow): void {
    const at = row[this.#times[0]] as number | null;
    if (at === null || hasNull(row, this.#keyNames[0])) {
      this.#emit(row, null);
      return;
    }
    // SQJV2
    if (at <= this.#watermark.current) {
      this.#join(row, at);
      return;
    }
    this.#waiting.add({ at, row });
    this.#timers.registerEventTime(at);
  }

  /** SQJV3 */
  #addVersion(kind: RowKind, row: SqlRow): void {
    if (kind === rowKinds.updateBefore || hasNull(row, this.#keyNames[1])) return;
    const isDeleted = kind === rowKinds.delete;
    const time = row[this.#times[1]] as number | null;
    const at = time ?? (isDeleted ? this.#versions.newestTime() : null);
    if (at === null) return;
    const replacesAt = this.#versions.put({ at, row: isDeleted ? null : row });
    const { current } = this.#watermark;
    if (replacesAt === null) return;
    if (replacesAt <= current) this.#versions.dropReplaced(current);
    else this.#timers.registerEventTime(replacesAt);
  }

  /** SQJV1, SQJV2 */
  #reach(timestamp: number): void {
    for (const { at, row } of this.#waiting.takeUntil(timestamp)) if (row !== null) this.#join(row, at);
    this.#versions.dropReplaced(timestamp);
  }

  #join(row: SqlRow, at: number): void {
    const version = this.#versions.newestAt(at);
    const isMatch = version !== null && (this.#condition === null || this.#condition(row, version));
    this.#emit(row, isMatch ? version : null);
  }

  #emit(row: SqlRow, version: SqlRow | null): void {
    if (version === null && this.#node.join === "INNER") return;
    const left = { row, names: this.#names[0] };
    this.emitter.emitPair(rowKinds.insert, left, { row: version, names: this.#names[1] });
  }
}
