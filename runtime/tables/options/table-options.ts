/**
 * Owns: reading the options of one table by the rows of its connector: unknown, missing and wrong ones, and their values.
 *
 * TBCP1 Every option that is written is looked at once, before anything is made of it: no unknown one passes.
 */
import { parseDuration } from "../../../base/index.ts";
import { nearestName } from "../../sql/index.ts";
import type { TableDescription } from "../table-description.ts";
import { TableError } from "../table-error.ts";
import { isNamed, type OptionKind, type OptionRow } from "./option-row.ts";

/** Of which the connector's own rows say nothing. */
const COMMON: readonly OptionRow[] = [{ name: "connector", kind: "text", meaning: "" }];
const SIZES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1 << 10,
  kb: 1 << 10,
  m: 1 << 20,
  mb: 1 << 20,
  g: 1 << 30,
  gb: 1 << 30,
};
const SIZE = /^(\d{1,12})\s*(b|kb?|mb?|gb?|bytes|)$/i;
const LISTED_MAX = 20;

export class TableOptions {
  readonly #table: TableDescription;
  readonly #who: string;
  readonly #rows: readonly OptionRow[];

  /** Errors: TableError (TBCP1). `rows`: of the connector and its formats. */
  constructor(table: TableDescription, who: string, rows: readonly OptionRow[]) {
    this.#table = table;
    this.#who = who;
    this.#rows = [...COMMON, ...rows];
    for (const [name, value] of Object.entries(table.options)) this.#check(name, value);
    for (const { name, isRequired } of rows)
      if (isRequired === true && this.text(name) === undefined) throw this.#missing(name);
  }

  /** As it is written, or its default. */
  text(name: string): string | undefined {
    return Object.hasOwn(this.#table.options, name) ? this.#table.options[name] : this.#row(name)?.default;
  }

  /** It has a value: it is required, or has a default. */
  given(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw this.#missing(name);
    return value;
  }

  isSet(name: string): boolean {
    return Object.hasOwn(this.#table.options, name);
  }

  /** One character; `\\t` and its like mean what they mean in Java. */
  character(name: string): string | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : characterOf(value);
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  boolean(name: string): boolean {
    return this.text(name)?.toLowerCase() === "true";
  }

  milliseconds(name: string): number | undefined {
    const parsed = parseDuration(this.text(name));
    return parsed.kind === "duration" ? parsed.ms : undefined;
  }

  bytes(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : sizeOf(value);
  }

  /** Those that begin with `prefix`, without it. */
  under(prefix: string): Readonly<Record<string, string>> {
    const found = Object.entries(this.#table.options).filter(([name]) => name.startsWith(prefix));
    return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
  }

  /** An error about an option that is there, or is missing. */
  refuse(option: string, message: string, remedy: string): TableError {
    return new TableError(this.#table.name, { message, remedy, ...(this.isSet(option) ? { option } : {}) });
  }

  #row(name: string): OptionRow | undefined {
    return this.#rows.find((row) => isNamed(row, name));
  }

  #check(name: string, value: string): void {
    const row = this.#row(name);
    if (row === undefined) throw this.refuse(name, `'${name}' is no option of ${this.#who}`, this.#nearest(name));
    if (row.instead !== undefined) throw this.refuse(name, `the option '${name}' is not supported`, row.instead);
    const expected = misfitOf(row.kind, value);
    if (expected !== null) throw this.refuse(name, `the option '${name}' is '${value}'`, `Write ${expected}.`);
  }

  #missing(name: string): TableError {
    const meaning = this.#row(name)?.meaning ?? "";
    return this.refuse(name, `${this.#who} needs the option '${name}': ${meaning}`, `Add '${name}' = '…' to WITH.`);
  }

  #nearest(name: string): string {
    const known = this.#rows.filter(({ instead }) => instead === undefined).map((row) => row.name);
    const nearest = nearestName(name, known);
    if (nearest !== undefined) return `Did you mean '${nearest}'?`;
    const listed = known.slice(0, LISTED_MAX).map((each) => `'${each}'`);
    return `Its options are ${listed.join(", ")}${known.length > LISTED_MAX ? ", …" : ""}.`;
  }
}

/** What should be there instead, in words; null: it fits. */
function misfitOf(kind: OptionKind, value: string): string | null {
  if (typeof kind !== "string")
    return kind.includes(value) ? null : `one of ${kind.map((each) => `'${each}'`).join(", ")}`;
  switch (kind) {
    case "text":
      return null;
    case "character":
      return characterOf(value) === undefined ? "one character" : null;
    case "whole number":
      return /^-?\d{1,15}$/.test(value) ? null : "a whole number";
    case "boolean":
      return /^(?:true|false)$/i.test(value) ? null : "'true' or 'false'";
    case "duration":
      return parseDuration(value).kind === "duration" ? null : "a duration such as '10 s' or '5 min'";
    case "size":
      return sizeOf(value) === undefined ? "a size such as '128 mb'" : null;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  b: "\b",
  f: "\f",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

function characterOf(value: string): string | undefined {
  if (/^.$/u.test(value)) return value;
  const [, escaped, code] = /^\\(?:(.)|u([0-9a-fA-F]{4}))$/.exec(value) ?? [];
  return code === undefined ? ESCAPES[escaped ?? ""] : String.fromCharCode(Number.parseInt(code, 16));
}

function sizeOf(value: string): number | undefined {
  const [, count, unit = ""] = SIZE.exec(value) ?? [];
  if (count === undefined) return undefined;
  return Number(count) * (SIZES[unit.toLowerCase().replace("bytes", "")] as number);
}
