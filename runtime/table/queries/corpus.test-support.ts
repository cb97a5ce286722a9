/**
 * Owns: the queries of queries.sql, joins.sql, temporal-joins.sql and lookup-joins.sql: name, text, and what DuckDB is asked.
 */
import { readFileSync } from "node:fs";

export type CorpusQuery = { readonly name: string; readonly text: string; readonly duckdb: string };

/** A name, the query, and perhaps the same for DuckDB. */
const ENTRY = /^-- (?!DuckDB$)(?!.*\.$)(.+)\n((?:(?!--).*\n)+)(?:-- DuckDB\n((?:(?!--).*\n)+))?/gm;

const texts = ["queries.sql", "joins.sql", "temporal-joins.sql", "lookup-joins.sql"].map((file) =>
  readFileSync(new URL(file, import.meta.url), "utf8"),
);

export const corpusQueries: readonly CorpusQuery[] = texts
  .flatMap((text) => [...text.matchAll(ENTRY)])
  .map(([, name = "", text = "", duckdb = text]) => ({ name, text: text.trim().replace(/;$/, ""), duckdb }));

/** Lines that name a query: as many as there are queries, when all of them could be read. */
export const namesInFiles = texts.join("\n").match(/^-- (?!DuckDB$)(?!.*\.$)/gm)?.length ?? 0;
