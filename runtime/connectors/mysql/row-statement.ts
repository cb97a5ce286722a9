/**
 * Owns: the statement of a sink: rows as text, and the text of many rows as statements.
 *
 * MRS1 A batch has one statement where that means the same: of a table, and of one's own whose placeholders are one `values (?, …)`.
 * MRS2 A row that deletes is marked in its text. A statement has rows of one sort, and statements keep the order of the rows.
 */
import { StreamError } from "../../../base/index.ts";
import type { Column, StatementOptions } from "./options.ts";
import { piecesBetweenPlaceholders, quotedColumn, quotedName, ValueUnwritable, valueText } from "./sql-text.ts";

/** A statement's text without its rows: `before`, rows joined by `, `, `after`. One row each where `isBatch` is false. */
type Shape = { readonly before: string; readonly after: string; readonly isBatch: boolean };

/** Before the text of a row that deletes, which else begins with a parenthesis (MRS2). */
const DELETION = "-";

export class RowStatement<T> {
  readonly #who: string;
  readonly #shape: Shape;
  /** Null: no value deletes. */
  readonly #deletion: Shape | null;
  readonly #rowText: (value: T) => string;
  /** With NULL for each value: what the server is asked to prepare, as a check. */
  readonly checkText: string;

  /** `who`: in words, for messages. Errors: OPTION_INVALID. */
  constructor(who: string, options: StatementOptions<T>) {
    this.#who = who;
    const { shape, deletion, rowText, nullRow } = options.kind === "table" ? ofTable(options) : ofSql(who, options);
    this.#shape = shape;
    this.#deletion = deletion;
    this.#rowText = rowText;
    this.checkText = shape.before + nullRow + shape.after;
  }

  /** Errors: SINK_FAILED, of a value that no column takes. */
  rowOf(value: T): string {
    try {
      return this.#rowText(value);
    } catch (error) {
      if (!(error instanceof ValueUnwritable)) throw error;
      throw new StreamError("SINK_FAILED", `${this.#who}: a row cannot be written: ${error.message}`, {
        destiny: "terminal",
        cause: error,
      });
    }
  }

  /** The statements that write the rows, in order; each is of at most `batchRows` rows, and of `bytesMax` bytes (a row may be longer). */
  statementsOf(rows: readonly string[], batchRows: number, bytesMax: number): string[] {
    if (!this.#shape.isBatch) return rows.map((row) => this.#shape.before + row + this.#shape.after);
    const statements: string[] = [];
    let shape = this.#shape;
    let batch: string[] = [];
    let bytes = 0;
    const end = (): void => {
      if (batch.length > 0) statements.push(shape.before + batch.join(", ") + shape.after);
      batch = [];
      bytes = 0;
    };
    for (const row of rows) {
      const length = Buffer.byteLength(row);
      const isDeletion = row.startsWith(DELETION) && this.#deletion !== null;
      const wanted = isDeletion ? (this.#deletion as Shape) : this.#shape;
      if (batch.length >= batchRows || bytes + length > bytesMax || wanted !== shape) end();
      shape = wanted;
      batch.push(isDeletion ? row.slice(DELETION.length) : row);
      bytes += length + 2;
    }
    end();
    return statements;
  }
}

type Parts<T> = {
  readonly shape: Shape;
  readonly deletion: Shape | null;
  readonly rowText: (value: T) => string;
  readonly nullRow: string;
};

function ofTable<T>(options: StatementOptions<T> & { readonly kind: "table" }): Parts<T> {
  const { table, columns, updates, deletes, row = (value) => value as Readonly<Record<string, unknown>> } = options;
  const names = columns.map(({ name }) => quotedColumn(name));
  const update = names.map((name) => `${name} = values(${name})`).join(", ");
  const by = columns.filter(({ name }) => deletes?.by.includes(name) === true);
  const isDeletion = deletes?.when ?? (() => false);
  return {
    shape: {
      before: `insert into ${quotedName(table)} (${names.join(", ")}) values `,
      after: updates ? ` on duplicate key update ${update}` : "",
      isBatch: true,
    },
    deletion:
      by.length === 0
        ? null
        : {
            before: `delete from ${quotedName(table)} where (${by.map(({ name }) => quotedColumn(name)).join(", ")}) in (`,
            after: ")",
            isBatch: true,
          },
    rowText: (value) => (isDeletion(value) ? DELETION + rowTextOf(row(value), by) : rowTextOf(row(value), columns)),
    nullRow: `(${columns.map(() => "NULL").join(", ")})`,
  };
}

function rowTextOf(row: Readonly<Record<string, unknown>>, columns: readonly Column[]): string {
  const texts = columns.map(({ name, type }) => {
    try {
      return valueText(row[name], type);
    } catch (error) {
      if (error instanceof ValueUnwritable) throw new ValueUnwritable(`column ${name}: ${error.message}`);
      throw error;
    }
  });
  return `(${texts.join(", ")})`;
}

function ofSql<T>(who: string, { sql, values }: StatementOptions<T> & { readonly kind: "sql" }): Parts<T> {
  const pieces = piecesBetweenPlaceholders(sql.replace(/;\s*$/, ""));
  const wanted = pieces.length - 1;
  if (wanted === 0)
    throw new StreamError("OPTION_INVALID", `${who}: sql has no placeholder; put ? where a value goes`, {
      destiny: "terminal",
    });
  const textsOf = (value: T): string[] => {
    const given = values(value);
    if (given.length !== wanted)
      throw new ValueUnwritable(`values gave ${given.length} values, and sql has ${wanted} placeholders`);
    return given.map((one) => valueText(one));
  };
  const rows = rowsOfSql(pieces);
  if (rows === null) {
    const filled = (texts: readonly string[]): string => pieces.map((piece, at) => piece + (texts[at] ?? "")).join("");
    return {
      shape: { before: "", after: "", isBatch: false },
      deletion: null,
      rowText: (value) => filled(textsOf(value)),
      nullRow: filled(pieces.slice(1).map(() => "NULL")),
    };
  }
  return {
    shape: { ...rows, isBatch: true },
    deletion: null,
    rowText: (value) => `(${textsOf(value).join(", ")})`,
    nullRow: `(${pieces
      .slice(1)
      .map(() => "NULL")
      .join(", ")})`,
  };
}

/** What stands around the one row of `… values (?, ?) …`; null for any other statement. */
function rowsOfSql(pieces: readonly string[]): { readonly before: string; readonly after: string } | null {
  const [first = "", ...others] = pieces;
  const last = others.pop() ?? "";
  const before = /^([^]*\bvalues\s*)\(\s*$/i.exec(first)?.[1];
  const after = /^\s*\)([^]*)$/.exec(last)?.[1];
  const isOneRow = others.every((piece) => /^\s*,\s*$/.test(piece));
  return before === undefined || after === undefined || !isOneRow ? null : { before, after };
}
