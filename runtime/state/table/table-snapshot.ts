/**
 * Owns: one snapshot of the tables of a back end: fixed at the barrier, written in turns, given up.
 * Not here: which pages it keeps while the tables change (column-table.ts), what becomes of each page (table-steps.ts), the layout of the file (table-file.ts).
 *
 * TBS1 The constructor is the barrier: it looks at tables and slices, never at pages or slots (SB1).
 * TBS2 However it ends (SNL1), `unwritten` goes down by one.
 * TBS3 One that builds on another names that one's files, as far as something in them counts, and its own. When nothing has changed it has none.
 */
import { assert } from "../../../base/index.ts";
import type { KeyedStateFile, KeyedStateHandle } from "../../checkpoint/index.ts";
import type { KeyedBackendOptions, SnapshotFiles, SnapshotRequest, Turn } from "../backend.ts";
import { PieceOutput } from "../snapshot/piece-output.ts";
import { SnapshotLife } from "../snapshot/snapshot-life.ts";
import { TurnBudget } from "../snapshot/turn-budget.ts";
import type { TableContext } from "./column-table.ts";
import { PageWriter } from "./page-codec.ts";
import type { RowLayout } from "./row-meta.ts";
import type { FixedSlicedRows } from "./sliced-rows.ts";
import type { FixedSlicedTable } from "./sliced-table.ts";
import type { SnapshotBases } from "./snapshot-bases.ts";
import { encodeTableIndex, type PartPlace, tableMagic, type SlicePlaces, type TablePlaces } from "./table-file.ts";
import type { TableLayout } from "./table-meta.ts";
import { type PageStep, stepsOf } from "./table-steps.ts";
import {
  filesToLeave,
  SMALL_BYTES_DEFAULT,
  type WrittenPage,
  type WrittenPages,
  type WrittenTables,
} from "./written-tables.ts";

type FixedTables = readonly (FixedSlicedTable | FixedSlicedRows)[];
type SlicePlan = {
  readonly slice: number;
  readonly table: number;
  readonly steps: Iterable<PageStep>;
};
type TablePlan = { readonly layout: TableLayout | RowLayout; readonly slices: readonly SlicePlan[] };

export class TablesSnapshot {
  readonly #options: KeyedBackendOptions;
  readonly #life: SnapshotLife;
  readonly #bases: SnapshotBases;
  /** Null: it is whole, and nothing builds on it. */
  readonly #checkpointId: number | null;
  readonly #base: Base | null;
  readonly #number: number;
  #tables: FixedTables;

  /** `fix`: what each of the tables gives in this turn. */
  constructor(
    options: KeyedBackendOptions,
    { context, bases }: { readonly context: TableContext; readonly bases: SnapshotBases },
    request: SnapshotRequest | null,
    fix: () => FixedTables,
  ) {
    this.#options = options;
    this.#bases = bases;
    this.#checkpointId = request?.checkpointId ?? null;
    this.#base = request === null ? null : bases.take(request.base);
    this.#tables = fix().filter(({ slices }) => slices.length > 0);
    this.#number = ++context.latest;
    context.unwritten++;
    if (request !== null) bases.fixed(request.checkpointId, this.#number);
    this.#life = new SnapshotLife(`the tables of operator "${options.operatorUid}"`, () => {
      context.unwritten--;
      this.#tables = [];
    });
  }

  /** The files with what it holds, oldest first; null: there are no keys in any table. Call once. */
  async write(files: SnapshotFiles, turn: Turn): Promise<readonly KeyedStateFile[] | null> {
    this.#life.assertKept();
    const budget = new TurnBudget(this.#options.clock, turn);
    const plan = await this.#plan(budget);
    const before = this.#base?.written ?? null;
    const isEmpty = plan.length === 0;
    const isAsBefore = before !== null && !isEmpty && !hasChanged(plan, before);
    const pages = new Map<number, WrittenPages>();
    let kept: WrittenTables["files"] = new Map();
    const own = await this.#life.write(files, isEmpty || isAsBefore, async (file) => {
      const output = new PieceOutput(file, tableMagic(this.#checkpointId === null));
      const tables = await this.#writePlan(plan, pages, output, budget);
      kept = filesUnder(pages, before);
      await output.finish(this.#indexOf(tables, kept));
    });
    if (isEmpty) return null;
    if (before !== null && own === null) return this.#written(before);
    assert(own !== null, "a file was made");
    return this.#written({ files: new Map([...kept, [this.#number, own]]), tables: pages });
  }

  /** It may be called however the snapshot has ended; what was written stays. */
  discard(): void {
    this.#life.discard();
    if (this.#checkpointId !== null) this.#bases.forget(this.#checkpointId);
  }

  /** What was written of the tables, and of the other states. */
  handleOf(others: KeyedStateHandle | null, tables: readonly KeyedStateFile[]): KeyedStateHandle {
    return { kind: "tables", keyGroups: this.#options.keyGroups, files: others?.files ?? [], tables };
  }

  get #smallBytes(): number {
    return this.#options.smallTableBytes ?? SMALL_BYTES_DEFAULT;
  }

  #written(written: WrittenTables): readonly KeyedStateFile[] {
    const files = [...written.files.values()];
    const isLarge = files.length > 1 || files.some(({ file }) => file.length >= this.#smallBytes);
    if (this.#checkpointId !== null && isLarge) this.#bases.written(this.#checkpointId, written);
    return files;
  }

  /** Of a whole snapshot pages are looked at when they are written. */
  async #plan(budget: TurnBudget): Promise<readonly TablePlan[]> {
    const ids = new Set(this.#tables.flatMap(({ slices }) => slices.map(({ table }) => table.id)));
    const base = this.#base;
    const left =
      base === null ? new Set<number>() : filesToLeave(base.written, (table) => ids.has(table), this.#smallBytes);
    const plan: TablePlan[] = [];
    for (const { layout, slices } of this.#tables) {
      const planned: SlicePlan[] = [];
      for (const { slice, table } of slices) {
        const pages = base?.written.tables.get(table.id);
        const isAlone = this.#checkpointId === null;
        if (base === null || pages === undefined) {
          planned.push({ slice, table: table.id, steps: stepsOf(layout, table, { base: null, isAlone }) });
          continue;
        }
        const steps: PageStep[] = [];
        for (const step of stepsOf(layout, table, { base: { since: base.number, pages, left }, isAlone })) {
          steps.push(step);
          if (budget.isSpent()) await budget.giveWay();
          this.#life.assertKept();
        }
        planned.push({ slice, table: table.id, steps });
      }
      plan.push({ layout, slices: planned });
    }
    return plan;
  }

  /** Fills `written`, by table, with where its pages are then. */
  async #writePlan(
    plan: readonly TablePlan[],
    written: Map<number, WrittenPages>,
    output: PieceOutput,
    budget: TurnBudget,
  ): Promise<readonly TablePlaces[]> {
    const tables: TablePlaces[] = [];
    const writer = new PageWriter(output.writer);
    for (const { layout, slices } of plan) {
      const places: SlicePlaces[] = [];
      for (const { slice, table, steps } of slices) {
        const pages = new Map<number, WrittenPage>();
        const parts: PartPlace[] = [];
        const stay: number[] = [];
        for (const step of steps) {
          if (step.kind === "stays") {
            pages.set(step.page, step.written);
            stay.push(step.page);
            continue;
          }
          const offset = output.place;
          step.encode(writer);
          const length = output.place - offset;
          parts.push({ offset, length, slots: step.slots, page: step.page, form: step.form });
          pages.set(step.page, step.after({ file: this.#number, bytes: length }));
          if (output.isFull) await output.flush();
          if (budget.isSpent()) await budget.giveWay();
          this.#life.assertKept();
        }
        written.set(table, pages);
        places.push({ slice, table, parts, stay });
      }
      tables.push({ layout, slices: places });
    }
    return tables;
  }

  #indexOf(tables: readonly TablePlaces[], kept: WrittenTables["files"]): Uint8Array {
    const { operatorUid, maxParallelism, keyGroups } = this.#options;
    const after = this.#checkpointId === null ? null : Array.from(kept.values(), ({ file }) => file.sha256);
    return encodeTableIndex({ uid: operatorUid, maxParallelism, keyGroups, after, tables });
  }
}

type Base = NonNullable<ReturnType<SnapshotBases["take"]>>;

function hasChanged(plan: readonly TablePlan[], { tables }: WrittenTables): boolean {
  const slices = plan.flatMap((each) => each.slices);
  const areSame = slices.length === tables.size && slices.every(({ table }) => tables.has(table));
  return (
    !areSame ||
    slices.some(({ table, steps }) => {
      const all = Array.from(steps);
      // Of a page that is gone there is no step.
      return all.length !== tables.get(table)?.size || all.some(({ kind }) => kind === "written");
    })
  );
}

/** Files of the base that have a part of one of these pages, oldest first. */
function filesUnder(tables: WrittenTables["tables"], base: WrittenTables | null): WrittenTables["files"] {
  if (base === null) return new Map();
  const named = new Set<number>();
  for (const pages of tables.values())
    for (const { parts } of pages.values()) for (const { file } of parts) named.add(file);
  return new Map([...base.files].filter(([file]) => named.has(file)));
}
