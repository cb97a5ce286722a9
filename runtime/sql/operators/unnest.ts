/**
 * Owns: the operator of CROSS JOIN UNNEST and LEFT JOIN UNNEST: each row once for each element of a collection.
 *
 * SQXU1 An element that is a row has its fields as columns; a map its key and its value; a multiset each element as often as it is in it. With several collections their elements
 *     stand side by side, NULL where one is shorter. An ordinality counts from 1.
 * SQXU2 A row without elements is left out, or with LEFT stays with NULLs. Kinds of rows and timestamps pass (SQXV1).
 */
import type { OperatorContext, OperatorFactory, Output, StreamOperator } from "../../ports/index.ts";
import { ColumnBuilder, type ColumnBatch, rowKinds } from "../../record/index.ts";
import { compileScalar } from "../codegen/scalar.ts";
import type { PlanRow, UnnestNode } from "../plan/plan-tree.ts";
import { rowTypeOf } from "../rows/row-type.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { RunningFunctions } from "../user-functions/running-functions.ts";
import { refuseRow, takeRows } from "./batches-only.ts";

type RowObject = Record<string, unknown>;
/** Elements as lists of the values of their columns. */
type Elements = readonly (readonly unknown[])[];
type Collection = { readonly width: number; readonly elementsOf: (row: RowObject) => Elements };

export function unnestOperator(
  node: UnnestNode,
  input: PlanRow,
  session: SqlSession,
): OperatorFactory<unknown, unknown> {
  return { kind: "operator", name: "unnest", create: () => new UnnestOperator(node, input, session) };
}

class UnnestOperator implements StreamOperator<unknown, unknown> {
  readonly #node: UnnestNode;
  readonly #input: PlanRow;
  readonly #collections: readonly Collection[];
  readonly #builder: ColumnBuilder;
  readonly #functions = new RunningFunctions();
  #context!: OperatorContext;
  #output!: Output<unknown>;

  constructor(node: UnnestNode, input: PlanRow, session: SqlSession) {
    this.#node = node;
    this.#input = input;
    const own = { ...session, functions: this.#functions };
    this.#collections = node.items.map((item) => collectionOf(item, input, own));
    this.#builder = new ColumnBuilder(rowTypeOf(node.row));
  }

  open(context: OperatorContext, output: Output<unknown>): void | Promise<void> {
    this.#output = output;
    this.#context = context;
    return this.#functions.open(context);
  }

  close(): Promise<void> {
    return this.#functions.close();
  }

  process(): void {
    refuseRow();
  }

  processBatch(batch: ColumnBatch, from: number): number {
    const at = takeRows(batch, from, this.#context, (row, place) =>
      this.#unnest(row, batch.timestampAt(place), batch.rowKindAt(place)),
    );
    this.#flush();
    return at;
  }

  #unnest(row: RowObject, timestamp: number, kind: number): void {
    const elements = this.#collections.map(({ elementsOf }) => elementsOf(row));
    const length = Math.max(...elements.map((each) => each.length));
    for (let at = 0; at < length; at++) {
      const values = elements.flatMap((each, index) => each[at] ?? this.#nulls(index));
      this.#emit(row, this.#node.withOrdinality ? [...values, at + 1] : values, { timestamp, kind });
    }
    if (length > 0 || this.#node.join === "INNER") return;
    const width = this.#node.row.length - this.#input.length;
    this.#emit(row, new Array<null>(width).fill(null), { timestamp, kind });
  }

  #nulls(index: number): readonly null[] {
    return new Array<null>(this.#collections[index]?.width ?? 0).fill(null);
  }

  #emit(row: RowObject, values: readonly unknown[], { timestamp, kind }: { timestamp: number; kind: number }): void {
    const made: RowObject = {};
    for (const { name } of this.#input) made[name] = row[name];
    for (const [index, value] of values.entries()) made[this.#node.row[this.#input.length + index]?.name ?? ""] = value;
    const { count } = this.#builder;
    this.#builder.appendRow(made, timestamp);
    if (kind !== rowKinds.insert) this.#builder.rowKinds()[count] = kind;
    if (this.#builder.isFull) this.#flush();
  }

  #flush(): void {
    if (this.#builder.count === 0) return;
    const batch = this.#builder.take();
    this.#output.collectBatch(batch);
    batch.release();
  }
}

function collectionOf(item: TypedExpression, input: PlanRow, session: SqlSession): Collection {
  const read = compileScalar(item, input, session);
  const { type } = item;
  if (type.kind === "map")
    return { width: 2, elementsOf: (row) => [...((read(row) as ReadonlyMap<unknown, unknown> | null) ?? [])] };
  if (type.kind !== "array" && type.kind !== "multiset") throw new TypeError(`${type.kind} has no elements`);
  const { element } = type;
  const names = element.kind === "row" ? element.fields.map(({ name }) => name) : null;
  const valuesOf = (value: unknown): readonly unknown[] => {
    if (names === null) return [value];
    return names.map((name) => (value as Readonly<RowObject> | null)?.[name] ?? null);
  };
  const isMultiset = type.kind === "multiset";
  return {
    width: names?.length ?? 1,
    elementsOf: (row) => {
      const whole = read(row);
      if (whole === null) return [];
      const items = isMultiset ? repeated(whole as ReadonlyMap<unknown, number>) : (whole as readonly unknown[]);
      return items.map(valuesOf);
    },
  };
}

const repeated = (multiset: ReadonlyMap<unknown, number>): readonly unknown[] =>
  [...multiset].flatMap(([value, times]) => new Array<unknown>(times).fill(value));
