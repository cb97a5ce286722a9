/**
 * Owns: the columns that a calc makes: their memory, and the code that fills them.
 *
 * SQXO1 A value is written at the place of its record in the batch that came in: what passes unchanged shares the columns, and the selection is that of all.
 * SQXO2 A literal is written once, for all batches.
 * SQXO3 A text that is the very one of the record before, as days mostly are, is not written again: both have the same bytes.
 */
import { COLUMN_ROWS, type AnyStore, type Column, type ColumnField, quoted, storeOf } from "../../record/index.ts";
import { type Code, type Generated } from "./code.ts";
import type { TextPart } from "./column-texts.ts";
import { failExpression } from "../functions/implementations.ts";

/** Memory of one column of values that are worked out. `objects` are not kept: others may hold them. */
export class OutputColumn {
  readonly field: ColumnField;
  #store: AnyStore | null = null;
  #objects: unknown[] = [];

  constructor(field: ColumnField) {
    this.field = field;
  }

  /** Where generated code writes to; there is room for so many places. */
  begin(places: number): AnyStore | unknown[] {
    if (this.field.kind === "objects") {
      this.#objects = new Array(places);
      return this.#objects;
    }
    if (this.#store === null || this.#store.capacity < places)
      this.#store = storeOf(this.field, Math.max(COLUMN_ROWS, places));
    return this.#store;
  }

  column(): Column {
    if (this.#store === null) return { kind: "objects", values: this.#objects, nulls: null };
    return this.#store.column();
  }

  release(poisons: boolean): void {
    if (this.#store === null) {
      if (poisons) this.#objects.fill(undefined);
      return;
    }
    if (poisons) this.#store.poison();
    this.#store.clear();
  }

  /** What stands before the loop. `name`: of what `begin` gave. */
  head(name: string): string {
    const { kind } = this.field;
    const output = `const o${name} = ${kind === "text" || kind === "objects" ? name : `${name}.values`};`;
    return kind === "text" ? `${output} let t${name} = null, l${name} = 0;` : output;
  }

  /** Writes the value to the place `r`. `repeats`: a text is often the same string as that of the record before (SQXO3). */
  write(code: Code, name: string, generated: Generated, repeats: boolean): void {
    const { isNull } = generated;
    const put = (): void =>
      repeats ? this.#putAgain(code, name, generated) : code.line(this.#put(name, generated.value));
    if (isNull === "true") return this.#writeNull(code, name);
    if (isNull === null) return put();
    code.block(`if (${isNull})`, () => this.#writeNull(code, name));
    code.block("else", put);
  }

  /** SQXO3 */
  #putAgain(code: Code, name: string, generated: Generated): void {
    const value = code.keep(generated.value);
    code.block(`if (${value} === t${name})`, () => code.line(`o${name}.putAgain(l${name}, r);`));
    code.block("else", () => {
      code.line(this.#put(name, value));
      code.line(`t${name} = ${value}; l${name} = r;`);
    });
  }

  /** The same of a part of another column's text, which is copied. */
  writePart(code: Code, name: string, { column, parts, isThere }: TextPart): void {
    code.block(`if (${isThere})`, () => code.line(`o${name}.putPart(${column}, ${parts}.start, ${parts}.end, r);`));
    code.block("else", () => this.#writeNull(code, name));
  }

  #put(name: string, value: string): string {
    const { kind, type } = this.field;
    if (kind === "text") return `o${name}.${type.kind === "bytes" ? "putBytes" : "putText"}(${value}, r);`;
    return `o${name}[r] = ${kind === "boolean" ? `${value} ? 1 : 0` : value};`;
  }

  #writeNull(code: Code, name: string): void {
    const { kind, type, name: column } = this.field;
    if (!type.nullable) return code.line(`${code.constant(() => failNull(column))}();`);
    if (kind === "objects") return code.line(`o${name}[r] = null;`);
    code.line(`${name}.setNull(r);`);
    // The bytes of equal batches are equal.
    if (kind !== "text") code.line(`o${name}[r] = ${kind === "bigint" ? "0n" : "0"};`);
  }
}

function failNull(column: string): never {
  return failExpression(
    `a NULL for the column ${quoted(column)}, which is NOT NULL`,
    "Give it a value with COALESCE(…, …), or leave such rows out in WHERE.",
  );
}

/** The same value at all places (SQXO2). */
export class ConstantColumn {
  readonly #field: ColumnField;
  readonly #value: unknown;
  #column: Column | null = null;
  #places = 0;

  /** `value`: as rows have it. */
  constructor(field: ColumnField, value: unknown) {
    this.#field = field;
    this.#value = value;
  }

  column(places: number): Column {
    if (this.#column === null || this.#places < places) {
      this.#places = Math.max(COLUMN_ROWS, places);
      this.#column = filled(this.#field, this.#value, this.#places);
    }
    return this.#column;
  }
}

function filled(field: ColumnField, value: unknown, places: number): Column {
  const store = storeOf(field, places);
  store.put(value, 0);
  const column = store.column();
  if (column.kind === "objects") return { ...column, values: new Array(places).fill(value) };
  if (column.kind === "text") {
    for (const each of [column.starts, column.lengths]) each.fill(each[0] as number);
  } else if (column.kind === "bigint") {
    column.values.fill(column.values[0] as bigint);
  } else {
    column.values.fill(column.values[0] as number);
  }
  column.nulls?.fill(0xff);
  return column;
}
