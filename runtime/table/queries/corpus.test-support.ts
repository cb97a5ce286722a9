/**
 * Owns: the queries of queries.sql: name, text, and what DuckDB is asked.
 */
import { readFileSync } from "node:fs";

export type CorpusQuery = { readonly name: string; readonly text: string; readonly duckdb: string };

/** A name, the query, and perhaps the same for DuckDB. */
const ENTRY = /^-- (?!DuckDB$)(?!.*\.$)(.+)\n((?:(?!--).*\n)+)(?:-- DuckDB\n((?:(?!--).*\n)+))?/gm;

export const corpusQueries: readonly CorpusQuery[] = [
  ...readFileSync(new URL("./queries.sql", import.meta.url), "utf8").matchAll(ENTRY),
].map(([, name = "", text = "", duckdb = text]) => ({ name, text: text.trim().replace(/;$/, ""), duckdb }));
