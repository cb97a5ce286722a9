/**
 * Drives an operator of SQL over batches with row kinds, and shows what it emits: `+I[ada, 3]`.
 */
import { ColumnBuilder, type ColumnBatch, NO_TIMESTAMP, rowKinds } from "../../record/index.ts";
import type { OperatorFactory } from "../../ports/index.ts";
import { type HarnessEvent, type HarnessOptions, OperatorHarness } from "../../testkit/index.ts";
import type { PlanColumn, PlanNode, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlType } from "../types/sql-type.ts";

const KINDS = { "+I": rowKinds.insert, "-U": rowKinds.updateBefore, "+U": rowKinds.updateAfter, "-D": rowKinds.delete };
/** Beyond them floating-point sums in another order differ. */
const DIGITS = 10;
const SIGNS = ["+I", "-U", "+U", "-D"];

export type Sign = keyof typeof KINDS;
export type Row = Readonly<Record<string, unknown>>;
/** What comes in: a row, taken for an insert, a row with its sign, a watermark, or the clock moves on. */
export type Step = Row | readonly [Sign, Row] | { readonly watermark: number } | { readonly afterMs: number };

type ScalarKind = "boolean" | "tinyint" | "smallint" | "int" | "bigint" | "float" | "double" | "date";

export const scalar = (kind: ScalarKind): SqlType => ({ kind, isNullable: true });
export const decimal = (precision: number, scale: number): SqlType => ({
  kind: "decimal",
  isNullable: true,
  precision,
  scale,
});
export const text: SqlType = { kind: "varchar", isNullable: true, length: 2_147_483_647 };
export const time: SqlType = { kind: "timestamp", isNullable: false, precision: 3 };

export const instant: SqlType = { kind: "timestamp_ltz", isNullable: false, precision: 3 };

export const column = (name: string, type: SqlType, of: PlanColumn["time"] = null): PlanColumn => ({
  name,
  type,
  time: of,
});

/** An input of an operator, of which only the row and its changes count. */
export const inputOf = (row: PlanRow, changes: PlanNode["changes"] = "append"): PlanNode => ({
  kind: "values",
  uid: "input",
  row,
  changes,
  keys: [],
  rows: [],
});

export function batchOf(row: PlanRow, steps: readonly (Row | readonly [Sign, Row])[]): ColumnBatch {
  const builder = new ColumnBuilder(rowTypeOf(row), Math.max(1, steps.length));
  for (const [at, step] of steps.entries()) {
    const [sign, values] = isSigned(step) ? step : (["+I", step] as const);
    builder.appendRow(values, NO_TIMESTAMP);
    if (sign !== "+I") builder.rowKinds()[at] = KINDS[sign];
  }
  return builder.take();
}

const isSigned = (step: Step): step is readonly [Sign, Row] => Array.isArray(step);

function shown(value: unknown): string {
  if (value === null) return "NULL";
  if (Array.isArray(value)) return `{${value.map(shown).join(" ")}}`;
  if (value instanceof Map) return `{${[...value].map(([key, count]) => `${shown(key)}=${shown(count)}`).join(" ")}}`;
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  const isRounded = typeof value === "number" && !Number.isInteger(value);
  return isRounded ? String(Number(value.toPrecision(DIGITS))) : String(value);
}

export function shownEvents(events: readonly HarnessEvent<unknown>[]): readonly string[] {
  return events.flatMap((event) =>
    event.kind === "record"
      ? [
          `${SIGNS[event.rowKind ?? 0]}[${Object.values(event.value as Row)
            .map(shown)
            .join(", ")}]`,
        ]
      : [],
  );
}

export class OperatorRun {
  readonly #factory: OperatorFactory<unknown, unknown>;
  readonly #row: PlanRow;
  readonly #options: HarnessOptions<unknown>;
  readonly #events: HarnessEvent<unknown>[] = [];
  #harness!: OperatorHarness<unknown, unknown>;
  #checkpoints = 0;

  private constructor(factory: OperatorFactory<unknown, unknown>, row: PlanRow, options: HarnessOptions<unknown>) {
    this.#factory = factory;
    this.#row = row;
    this.#options = options;
  }

  /** `row`: of the operator's input. */
  static async open(
    factory: OperatorFactory<unknown, unknown>,
    row: PlanRow,
    options: HarnessOptions<unknown> = { keySelector: () => null },
  ): Promise<OperatorRun> {
    const run = new OperatorRun(factory, row, options);
    run.#harness = await OperatorHarness.open(factory, options);
    return run;
  }

  /** Rows next to each other come in one batch. */
  feed(steps: readonly Step[]): void {
    let rows: (Row | readonly [Sign, Row])[] = [];
    const flush = (): void => {
      if (rows.length === 0) return;
      const batch = batchOf(this.#row, rows);
      this.#harness.processBatch(batch);
      batch.release();
      rows = [];
    };
    for (const step of steps) {
      if ("watermark" in step) {
        flush();
        this.#harness.watermark(step.watermark as number);
      } else if ("afterMs" in step) {
        flush();
        this.#harness.advance(step.afterMs as number);
      } else {
        rows.push(step);
      }
    }
    flush();
  }

  /** A watermark, for whose portions there is room one by one; what came of each. */
  reach(watermark: number): readonly (readonly string[])[] {
    const portions: (readonly string[])[] = [];
    const { operator } = this.#harness;
    for (let isDone = false, before = this.#harness.events.length; !isDone; before = this.#harness.events.length) {
      isDone = operator.reachWatermark?.(watermark, () => false) ?? true;
      portions.push(shownEvents(this.#harness.events.slice(before)));
    }
    operator.onWatermark?.(watermark);
    return portions;
  }

  /** A checkpoint, and another operator that goes on from it. */
  async restore(): Promise<void> {
    this.#checkpoints += 1;
    const snapshot = await this.#harness.snapshot(this.#checkpoints);
    this.#events.push(...this.#harness.events);
    const { files, clock } = this.#harness;
    this.#harness = await OperatorHarness.open(this.#factory, { ...this.#options, files, clock, restore: [snapshot] });
  }

  async end(): Promise<void> {
    await this.#harness.endInput();
  }

  /** What a checkpoint of its keyed state takes. */
  async stateBytes(): Promise<number> {
    this.#checkpoints += 1;
    const { keyed } = await this.#harness.snapshot(this.#checkpoints);
    if (keyed === null) return 0;
    const files = keyed.kind === "tables" ? [...keyed.files, ...keyed.tables] : keyed.files;
    return files.reduce((sum, { file }) => sum + file.length, 0);
  }

  metric(name: string): number {
    return this.#harness.metric(name);
  }

  /** All that was emitted, also before a restore. */
  get events(): readonly HarnessEvent<unknown>[] {
    return [...this.#events, ...this.#harness.events];
  }

  get shown(): readonly string[] {
    return shownEvents(this.events);
  }
}

/** What a table that follows these changes holds. Errors: what is taken back is not there. */
export function tableOf(changes: readonly string[]): readonly string[] {
  const rows = new Map<string, number>();
  for (const change of changes) {
    const row = change.slice(2);
    const count = (rows.get(row) ?? 0) + (change.startsWith("+") ? 1 : -1);
    if (count < 0) throw new Error(`${change} takes back a row that is not there`);
    if (count === 0) rows.delete(row);
    else rows.set(row, count);
  }
  return [...rows].flatMap(([row, count]) => Array.from({ length: count }, () => row)).toSorted();
}
