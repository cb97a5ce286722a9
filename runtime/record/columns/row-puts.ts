/**
 * Owns: putting the fields of a row object into the stores of its columns.
 * Called by: column-builder.ts, for every record that becomes columns (hot path).
 *
 * RPU1 A row is put only when it is a literal that has exactly the declared fields: what else it is, is found out by who asked.
 * RPU2 Both forms put the same; the generated one does not look fields up by name.
 */
import { generate, quoted } from "../generated-code.ts";
import type { AnyStore } from "./column-store.ts";
import type { ColumnField, ColumnLayout } from "./layout.ts";
import type { StagedText } from "./staged-text.ts";

/** False: the row was not put (RPU1). Errors: VALUE_NOT_SERIALIZABLE (CSO2). */
export type RowPut = (stores: readonly AnyStore[], row: object, at: number, staged: StagedText | null) => boolean;

const NONE_STAGED = -1;
const puts = new WeakMap<ColumnLayout, Map<number, RowPut>>();

/** `stagedPlace`: of the field whose text is staged; default: none is. */
export function rowPutOf(layout: ColumnLayout, stagedPlace = NONE_STAGED): RowPut {
  const known = puts.get(layout) ?? new Map<number, RowPut>();
  puts.set(layout, known);
  const put = known.get(stagedPlace) ?? generated(layout, stagedPlace) ?? general(layout);
  known.set(stagedPlace, put);
  return put;
}

function generated({ fields }: ColumnLayout, stagedPlace: number): RowPut | null {
  const lines = [
    // `for … in` counts without making a list.
    "let count = 0;",
    "for (const _name in row) count++;",
    `if (count !== ${fields.length}) return false;`,
    ...fields.map(({ name }, place) => `const v${place} = row[${quoted(name)}];`),
    ...fields.map((_field, place) => `if (v${place} === undefined) return false;`),
    ...fields.map((field, place) => {
      const put = putOf(field, `v${place}`);
      const orStaged = place === stagedPlace ? `if (staged.isFilled) store.putStaged(staged, at); else ${put}` : put;
      return `{ const store = stores[${place}]; ${orStaged} }`;
    }),
    "return true;",
  ];
  return generate(["stores", "row", "at", "staged"], lines.join("\n")) as RowPut | null;
}

/** The usual value of each kind is stored at once; the store itself finds out about all others. */
function putOf({ kind, type }: ColumnField, value: string): string {
  const others = `store.put(${value}, at);`;
  const otherwise = (fits: string, put: string): string => `if (${fits}) ${put} else ${others}`;
  switch (kind) {
    case "text":
      return type.kind === "string"
        ? otherwise(`typeof ${value} === "string"`, `store.putText(${value}, at);`)
        : others;
    case "float64": {
      if (type.kind === "date") return others;
      const fits = type.kind === "float64" ? `typeof ${value} === "number"` : `Number.isSafeInteger(${value})`;
      return otherwise(fits, `store.values[at] = ${value};`);
    }
    case "boolean":
      return otherwise(`typeof ${value} === "boolean"`, `store.values[at] = ${value} ? 1 : 0;`);
    default:
      return others;
  }
}

function general({ fields }: ColumnLayout): RowPut {
  const values: unknown[] = [];
  return (stores, row, at) => {
    // Looked at first: a text that was put cannot be taken back.
    let place = 0;
    for (const name in row) {
      if (name !== fields[place]?.name) return false;
      values[place] = (row as Record<string, unknown>)[name];
      place += 1;
    }
    if (place !== fields.length) return false;
    for (let each = 0; each < place; each++) (stores[each] as AnyStore).put(values[each], at);
    return true;
  };
}
