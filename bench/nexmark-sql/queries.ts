/**
 * Owns: the queries of queries.sql: name, text, the tables that they read, the columns of the result that are compared.
 */
import { readFileSync } from "node:fs";
import { type TableName, tableNames } from "./events.ts";

export type SqlQuery = {
  readonly text: string;
  readonly tables: readonly TableName[];
  /** Columns that follow from the events alone. */
  readonly determined: readonly string[];
  /** The column that says for how many rows one stands; null: for itself. */
  readonly weight: string | null;
};

const ENTRY = /^-- (q\d+|course): (.+)\n((?:(?!--).+\n)+)/gm;

const file = readFileSync(new URL("queries.sql", import.meta.url), "utf8");

export const sqlQueries: ReadonlyMap<string, SqlQuery> = new Map(
  [...file.matchAll(ENTRY)].map(([, name = "", compared = "", text = ""]) => {
    const [columns = "", weight = null] = compared.split(" × ");
    const tables = tableNames.filter((table) => new RegExp(`(?:FROM|JOIN|,|TABLE) ${table}\\b`).test(text));
    return [name, { text: text.trim().replace(/;$/, ""), tables, determined: columns.split(", "), weight }];
  }),
);
