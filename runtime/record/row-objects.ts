/**
 * Owns: row objects from the values of their fields.
 * Called by: batch-codec.ts, columns/column-batch.ts, for every batch whose records somebody wants as objects.
 *
 * ROJ1 Fields are in declared order. Both forms give the same rows; the generated one makes each as a literal, at once in its shape.
 */
import { generate, quoted } from "./generated-code.ts";
import type { ValueType } from "./value-type.ts";

type AnyRow = Record<string, unknown>;
type Values = { readonly [row: number]: unknown };
type RowMaker = (columns: readonly Values[], count: number) => AnyRow[];

const makers = new WeakMap<ValueType<unknown>, RowMaker>();

/** `type`: a record without optional fields; `columns`: the values of each field. */
export function buildRows(type: ValueType<unknown>, columns: readonly Values[], count: number): AnyRow[] {
  let maker = makers.get(type);
  if (maker === undefined) {
    const names = (type.fields ?? []).map(({ name }) => name);
    maker = generated(names) ?? general(names);
    makers.set(type, maker);
  }
  return maker(columns, count);
}

function generated(names: readonly string[]): RowMaker | null {
  const fields = names.map((name, place) => `${quoted(name)}: column${place}[row]`);
  const body = `
    const [${names.map((_name, place) => `column${place}`).join(", ")}] = columns;
    const rows = new Array(count);
    for (let row = 0; row < count; row++) rows[row] = { ${fields.join(", ")} };
    return rows;`;
  return generate(["columns", "count"], body) as RowMaker | null;
}

function general(names: readonly string[]): RowMaker {
  return (columns, count) => {
    const rows: AnyRow[] = new Array(count);
    for (let row = 0; row < count; row++) {
      const value: AnyRow = {};
      for (let column = 0; column < names.length; column++)
        value[names[column] as string] = (columns[column] as Values)[row];
      rows[row] = value;
    }
    return rows;
  };
}
