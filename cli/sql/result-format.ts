/**
 * Owns: results as text, by `--output`: tables, CSV, and JSON, one object a line. Pure.
 *
 * RFMT1 A result that may change has its rows' kinds in a first column, `op`; one that only grows has none.
 * RFMT2 Numbers and booleans are such in JSON, with all their digits, and NULL is null; of CSV it is an empty field, and an empty text is `""`.
 * RFMT3 A table whose rows are known is as wide as they are; one that is written as rows come is as wide as their types.
 */
import { type ResultChange, tableLines, type Texts, widthsFor, widthsOf } from "../../runtime/table/engine.ts";
import type { PlanRow } from "../../runtime/sql/index.ts";
import type { OutputFormat } from "./sql-words.ts";

/** `row`: columns and their types. */
export type ResultShape = {
  readonly row: PlanRow;
  readonly isChanging: boolean;
  /** All rows are there when it ends, and not before. */
  readonly isWhole: boolean;
};

export interface ResultWriter {
  begin(): void;
  take(change: ResultChange): void;
  /** `isComplete`: false where the person has ended it, or it has failed. */
  end(isComplete: boolean): void;
}

const OP = "op";

export function resultWriter(format: OutputFormat, shape: ResultShape, out: (line: string) => void): ResultWriter {
  switch (format) {
    case "csv":
      return new CsvWriter(shape, out);
    case "json":
      return new JsonWriter(shape, out);
    default:
      return shape.isWhole ? new WholeTableWriter(shape, out) : new GrowingTableWriter(shape, out);
  }
}

const namesOf = ({ row, isChanging }: ResultShape): readonly string[] => [
  ...(isChanging ? [OP] : []),
  ...row.map(({ name }) => name),
];

const textsOf = ({ isChanging }: ResultShape, { kind, values }: ResultChange): Texts =>
  isChanging ? [kind, ...values] : values;

class GrowingTableWriter implements ResultWriter {
  readonly #shape: ResultShape;
  readonly #out: (line: string) => void;
  readonly #lines: ReturnType<typeof tableLines>;

  constructor(shape: ResultShape, out: (line: string) => void) {
    this.#shape = shape;
    this.#out = out;
    this.#lines = tableLines(namesOf(shape), [...(shape.isChanging ? [OP.length] : []), ...widthsOf(shape.row)]);
  }

  begin(): void {
    const { rule, header } = this.#lines;
    for (const line of [rule, header, rule]) this.#out(line);
  }

  take(change: ResultChange): void {
    this.#out(this.#lines.line(textsOf(this.#shape, change)));
  }

  end(): void {
    this.#out(this.#lines.rule);
  }
}

class WholeTableWriter implements ResultWriter {
  readonly #shape: ResultShape;
  readonly #out: (line: string) => void;
  readonly #rows: Texts[] = [];

  constructor(shape: ResultShape, out: (line: string) => void) {
    this.#shape = shape;
    this.#out = out;
  }

  begin(): void {
    this.#rows.length = 0;
  }

  take(change: ResultChange): void {
    this.#rows.push(textsOf(this.#shape, change));
  }

  end(isComplete: boolean): void {
    if (isComplete) for (const line of wholeTable(namesOf(this.#shape), this.#rows)) this.#out(line);
  }
}

/** With how many rows there are. */
export function wholeTable(names: readonly string[], rows: readonly Texts[]): readonly string[] {
  const { rule, header, line } = tableLines(names, widthsFor(names, rows));
  const { length } = rows;
  if (length === 0) return ["Empty set"];
  return [rule, header, rule, ...rows.map(line), rule, `${length} ${length === 1 ? "row" : "rows"} in set`];
}

class CsvWriter implements ResultWriter {
  readonly #shape: ResultShape;
  readonly #out: (line: string) => void;

  constructor(shape: ResultShape, out: (line: string) => void) {
    this.#shape = shape;
    this.#out = out;
  }

  begin(): void {
    this.#out(namesOf(this.#shape).map(csvField).join(","));
  }

  take(change: ResultChange): void {
    this.#out(textsOf(this.#shape, change).map(csvField).join(","));
  }

  end(): void {
    // Each row is whole.
  }
}

function csvField(text: string | null): string {
  if (text === null) return "";
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

class JsonWriter implements ResultWriter {
  readonly #shape: ResultShape;
  readonly #out: (line: string) => void;

  constructor(shape: ResultShape, out: (line: string) => void) {
    this.#shape = shape;
    this.#out = out;
  }

  begin(): void {
    // An object a line needs no frame.
  }

  take({ kind, values }: ResultChange): void {
    const { row, isChanging } = this.#shape;
    const fields = row.map(
      ({ name, type }, place) => `${JSON.stringify(name)}:${jsonValue(values[place] ?? null, type.kind)}`,
    );
    this.#out(`{${[...(isChanging ? [`"${OP}":"${kind}"`] : []), ...fields].join(",")}}`);
  }

  end(): void {
    // See begin.
  }
}

const NUMBERS: ReadonlySet<string> = new Set("tinyint smallint int bigint float double decimal".split(" "));
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** RFMT2 */
function jsonValue(text: string | null, kind: PlanRow[number]["type"]["kind"]): string {
  if (text === null) return "null";
  if (kind === "boolean") return text.toLowerCase();
  return NUMBERS.has(kind) && JSON_NUMBER.test(text) ? text : JSON.stringify(text);
}
