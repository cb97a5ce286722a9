/**
 * Owns: an operator of SQL in tests: changes in, as batches of columns, and changes out, in words: `+I[1, a]`.
 */
import assert from "node:assert/strict";
import type {
  KeyedOperatorState,
  OperatorContext,
  OperatorFactory,
  Output,
  RowTableDescriptor,
  SlicedRows,
  SpillSpace,
} from "../../ports/index.ts";
import { ColumnBuilder, type ColumnBatch, NO_TIMESTAMP, rowKinds } from "../../record/index.ts";
import { type HarnessSnapshot, type ManualClock, MemorySnapshotFiles, OperatorHarness } from "../../testkit/index.ts";
import type { PlanColumn, PlanNode, PlanRow } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import { namesOf, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";

const KINDS = { "+I": rowKinds.insert, "-U": rowKinds.updateBefore, "+U": rowKinds.updateAfter, "-D": rowKinds.delete };
const SIGNS = ["+I", "-U", "+U", "-D"] as const;
export type Sign = keyof typeof KINDS;
/** `["+I", 1, "a"]` */
export type Change = readonly [Sign, ...unknown[]];

export type RunOptions = {
  readonly inputs: readonly PlanRow[];
  readonly restore?: readonly HarnessSnapshot[];
  readonly files?: MemorySnapshotFiles;
  readonly clock?: ManualClock;
  readonly spill?: SpillSpace;
  /** The task wants to pause after each row. */
  readonly pauses?: boolean;
  /** There is never room after a step; it is called with what goes on. */
  readonly onDefer?: (resume: () => boolean) => void;
};

export class ChangelogRun {
  readonly harness: OperatorHarness<unknown, unknown>;
  readonly #inputs: readonly PlanRow[];
  readonly #out: string[];
  readonly #context: OperatorContext;
  readonly #rows: ReadonlyMap<string, SlicedRows>;

  private constructor(
    harness: OperatorHarness<unknown, unknown>,
    inputs: readonly PlanRow[],
    parts: {
      readonly out: string[];
      readonly context: OperatorContext;
      readonly rows: ReadonlyMap<string, SlicedRows>;
    },
  ) {
    this.harness = harness;
    this.#inputs = inputs;
    this.#out = parts.out;
    this.#context = parts.context;
    this.#rows = parts.rows;
  }

  static async open(factory: OperatorFactory<unknown, unknown>, options: RunOptions): Promise<ChangelogRun> {
    const out: string[] = [];
    const rows = new Map<string, SlicedRows>();
    let opened: OperatorContext | null = null;
    const watched: OperatorFactory<unknown, unknown> = {
      ...factory,
      create: () => {
        const operator = factory.create();
        const open = operator.open?.bind(operator);
        const isPaused = options.pauses === true;
        operator.open = (context: OperatorContext, output: Output<unknown>) => {
          opened = context;
          return open?.(
            {
              ...context,
              keyed: watchedRows(context.keyed, rows),
              emission: {
                isPaused,
                isFull: () => isPaused || options.onDefer !== undefined,
                defer: options.onDefer ?? notHere,
              },
            },
            {
              collect: notHere,
              collectBatch: (batch) => void out.push(...changesOf(batch)),
              emitWatermark: (timestamp) => void out.push(`watermark ${timestamp}`),
              emitStatus: (idle) => void out.push(idle ? "idle" : "active"),
              sideOutput: (name) => output.sideOutput(name),
            },
          );
        };
        return operator;
      },
    };
    const { restore, clock, spill } = options;
    const harness = await OperatorHarness.open(watched, {
      keySelector: () => null,
      files: options.files ?? new MemorySnapshotFiles(),
      ...(restore === undefined ? {} : { restore }),
      ...(clock === undefined ? {} : { clock }),
      ...(spill === undefined ? {} : { spill }),
    });
    assert.ok(opened !== null);
    assertDeclared(factory, opened);
    return new ChangelogRun(harness, options.inputs, { out, context: opened, rows });
  }

  get keyed(): KeyedOperatorState {
    const { keyed } = this.#context;
    assert.ok(keyed !== null);
    return keyed;
  }

  /** Keys that have state of that name; of a row table: rows. */
  keysWith(state: string): number {
    const rows = this.#rows.get(state);
    if (rows !== undefined) return rows.slices().reduce((total, slice) => total + (rows.find(slice)?.size ?? 0), 0);
    let keys = 0;
    this.keyed.forEachKey(state, () => (keys += 1));
    return keys;
  }

  /** A batch of changes by an input; what came of it. */
  give(input: number, ...changes: readonly Change[]): readonly string[] {
    const batch = batchOf(this.#inputs[input] as PlanRow, changes);
    const { operator } = this.harness;
    for (let from = 0; from < batch.count; ) {
      const taken =
        input === 0 ? operator.processBatch?.(batch, from) : operator.processInputBatch?.(input, batch, from);
      assert.ok(taken !== undefined && taken > from && taken <= batch.count);
      from = taken;
    }
    batch.release();
    return this.taken();
  }

  watermark(timestamp: number): readonly string[] {
    this.harness.watermark(timestamp);
    return this.taken();
  }

  async end(): Promise<readonly string[]> {
    await this.harness.endInput();
    return this.taken();
  }

  /** What has come out since the last look. */
  taken(): readonly string[] {
    return this.#out.splice(0);
  }

  /** The same operator, restored from a checkpoint that is taken now. */
  async restored(factory: OperatorFactory<unknown, unknown>, options: RunOptions): Promise<ChangelogRun> {
    const snapshot = await this.harness.snapshot(1);
    const { files } = this.harness;
    return ChangelogRun.open(factory, { ...options, files, restore: [snapshot] });
  }
}

/** The same, which notes the row tables that are declared. */
function watchedRows(keyed: KeyedOperatorState | null, rows: Map<string, SlicedRows>): KeyedOperatorState | null {
  if (keyed === null) return null;
  return new Proxy(keyed, {
    get: (target, name) => {
      if (name === "slicedRows")
        return (descriptor: RowTableDescriptor) => {
          const made = target.slicedRows(descriptor);
          rows.set(descriptor.name, made);
          return made;
        };
      const found: unknown = Reflect.get(target, name);
      return typeof found === "function" ? (found.bind(target) as unknown) : found;
    },
  });
}

/** What preflight compares is what a checkpoint has. */
function assertDeclared({ declares = [] }: OperatorFactory<unknown, unknown>, { keyed }: OperatorContext): void {
  const made = (keyed as unknown as { declarations(): readonly { readonly name: string }[] }).declarations();
  const ofKeys = declares.filter(({ kind }) => kind !== "operator-list" && kind !== "union-list");
  const inOrder = (states: readonly { readonly name: string }[]): readonly string[] =>
    states.map((state) => JSON.stringify(state)).sort();
  assert.deepEqual(inOrder(made), inOrder(ofKeys));
}

const notHere = (): never => assert.fail("not here");

export function batchOf(row: PlanRow, changes: readonly Change[]): ColumnBatch {
  const names = namesOf(row);
  const builder = new ColumnBuilder(rowTypeOf(row), Math.max(1, changes.length));
  for (const [sign, ...values] of changes) {
    builder.appendRow(Object.fromEntries(names.map((name, place) => [name, values[place]])), NO_TIMESTAMP);
    if (sign !== "+I") builder.rowKinds()[builder.count - 1] = KINDS[sign];
  }
  return builder.take();
}

function changesOf(batch: ColumnBatch): readonly string[] {
  const { rowKinds: kinds } = batch.marks;
  if (kinds !== null) assert.ok(batch.rows.subarray(0, batch.count).some((row) => kinds[row] !== 0));
  return batch
    .toRows()
    .map((row, at) => `${SIGNS[kinds === null ? 0 : (kinds[batch.rows[at] as number] as number)]}${rowInWords(row)}`);
}

const rowInWords = (row: SqlRow): string => `[${Object.values(row).map(String).join(", ")}]`;

/** The rows that are there after these changes, in order of their texts. Fails when a row is taken back that is not there. */
export class ChangelogView {
  readonly #rows = new Map<string, number>();

  apply(changes: readonly string[]): void {
    for (const change of changes) {
      const row = change.slice(2);
      const count = (this.#rows.get(row) ?? 0) + (change.startsWith("+") ? 1 : -1);
      assert.ok(count >= 0, `${change} takes back what is not there`);
      this.#rows.set(row, count);
    }
  }

  get rows(): readonly string[] {
    return [...this.#rows].flatMap(([row, count]) => new Array<string>(count).fill(row)).sort();
  }
}

export const inWords = (...values: readonly unknown[]): string => `[${values.map(String).join(", ")}]`;

const TYPES: Readonly<Record<string, SqlType>> = {
  int: { kind: "int", isNullable: true },
  bigint: { kind: "bigint", isNullable: true },
  string: { kind: "varchar", isNullable: true, length: 2_147_483_647 },
  time: { kind: "timestamp", isNullable: true, precision: 3 },
};

/** `{ id: "int", at: "rowtime" }` */
export function planRow(
  columns: Readonly<Record<string, "int" | "bigint" | "string" | "time" | "rowtime" | "proctime">>,
): PlanRow {
  return Object.entries(columns).map(([name, type]): PlanColumn => {
    const time = type === "rowtime" || type === "proctime" ? type : null;
    return { name, type: TYPES[time === null ? type : "time"] as SqlType, time };
  });
}

/** A node that has rows, of which nothing else is looked at. */
export function inputOf(row: PlanRow, more: Partial<Pick<PlanNode, "changes" | "keys">> = {}): PlanNode {
  return { kind: "values", uid: "in", row, changes: "append", keys: [], rows: [], ...more };
}

/** `left < right`, of two columns by their places. */
export function isLess(row: PlanRow, left: number, right: number): TypedExpression {
  const at = { start: 0, end: 0 };
  const column = (index: number): TypedExpression => {
    const { name, type } = row[index] as PlanColumn;
    return { kind: "column", at, type, time: null, name, depth: 0, index };
  };
  const type: SqlType = { kind: "boolean", isNullable: true };
  return { kind: "call", at, type, time: null, name: "<", arguments: [column(left), column(right)], words: [] };
}

export const sessionOf = (clock: ManualClock): SqlSession => ({ timeZone: "UTC", clock });
