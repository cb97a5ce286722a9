/**
 * Owns: when the windows of rows end, of operators whose key has the window's end in it: the timer of each window, and which rows are late for theirs.
 * Called by: rank.ts (windows); held-join.ts asks for the last millisecond only.
 *
 * SQJY1 A window of a key ends once, when the watermark has its last millisecond. A row that comes then is late: it is counted, after a restore, too.
 * SQJY2 The ends of windows of instants are local times of the session (SQWT1): they are instants here.
 */
import type { Counter, OperatorContext, OperatorFactory, TimerService } from "../../ports/index.ts";
import type { PlanColumn, PlanNode } from "../plan/plan-tree.ts";
import { windowPlacesOf } from "../plan/windows.ts";
import type { SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import { declarationOfWatermark, WatermarkMemory } from "./watermark-memory.ts";
import { LATE_ROWS, WindowTime } from "./window-time.ts";

const TIMERS = "ends";

export const declarationsOfEnds: NonNullable<OperatorFactory<unknown, unknown>["declares"]> = [
  { name: TIMERS, kind: "timers", type: "timestamp" },
  declarationOfWatermark,
];

/** The last millisecond of the window of a row: the watermark that ends it. `end`: place of the window's end in the node's row. */
export type LastInstantOf = (row: SqlRow) => number;

export function lastInstantOf(node: PlanNode, end: number, session: SqlSession): LastInstantOf {
  const { name } = node.row[end] as PlanColumn;
  const lastOf = lastInstantOfEnd(node, session);
  return (row) => lastOf(row[name] as number);
}

/** The same of the end itself. */
export function lastInstantOfEnd(node: PlanNode, session: SqlSession): (end: number) => number {
  const places = windowPlacesOf(node);
  if (places === null) return (last) => last - 1;
  const column: PlanColumn = { name: "time", type: places.timeType, time: null };
  const time = new WindowTime({ ...places.window, time: 0 }, [column], session);
  return (last) => time.lastInstantOf(last);
}

export class WindowEnds {
  readonly #timers: TimerService;
  readonly #watermark: WatermarkMemory;
  readonly #late: Counter;

  /** `onEnd` is called with the window's key. */
  constructor(context: OperatorContext, onEnd: () => void) {
    const handler = { onEventTime: onEnd, onProcessingTime: onEnd };
    this.#timers = (context.keyed as NonNullable<typeof context.keyed>).timers(TIMERS, handler);
    this.#watermark = new WatermarkMemory(context);
    this.#late = context.metrics.counter(LATE_ROWS);
  }

  /** False: the window of the current key ended before (SQJY1). */
  admits(last: number): boolean {
    if (last <= this.#watermark.current) {
      this.#late.inc();
      return false;
    }
    this.#timers.registerEventTime(last);
    return true;
  }

  raise(watermark: number): void {
    this.#watermark.raise(watermark);
  }

  /** Called before a snapshot. */
  save(): void {
    this.#watermark.save();
  }
}
