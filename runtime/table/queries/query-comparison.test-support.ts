/**
 * Owns: random queries against DuckDB: over bounded tables, in memory and beyond it, and over streams that are restored in their middle, at parallelisms that differ.
 * Called by: random-queries.test.ts (a few), `npm run chaos -- sql-fuzz` (as many as wanted).
 */
import fc from "fast-check";
import { type Data, data } from "./data.test-support.ts";
import { openDuckdb } from "./duckdb.test-support.ts";
import { batched, streamed } from "./query-run.test-support.ts";
import { type RandomQuery, randomQuery } from "./random-query.test-support.ts";

export type Outcome =
  | { readonly kind: "same"; readonly rows: number }
  /** DuckDB refuses it, or it has more rows than are worth it. */
  | { readonly kind: "left out"; readonly reason: string }
  | { readonly kind: "differs"; readonly where: "batch" | "batch that spills" | "streaming"; readonly report: string };

/** What is larger says no more, and takes long. */
const ROWS_MAX = 2000;
const SHOWN = 8;

/** Queries of a seed, each with its number from 0, one after the other. */
export async function* compareQueries(
  seed: number,
  { count, only }: { readonly count: number; readonly only: number | null },
): AsyncGenerator<{ readonly number: number; readonly query: RandomQuery; readonly outcome: Outcome }> {
  const rows = fc.sample(data, { seed, numRuns: 1 })[0] as Data;
  const queries = fc.sample(randomQuery, { seed, numRuns: only === null ? count : only + 1 });
  await using duckdb = await openDuckdb(rows);
  for (const [number, query] of queries.entries()) {
    if (only !== null && number !== only) continue;
    const wanted = await duckdb.results(query.theirs);
    yield { number, query, outcome: await outcomeOf(query.ours, rows, wanted, number) };
  }
}

type Wanted = Awaited<ReturnType<Awaited<ReturnType<typeof openDuckdb>>["results"]>>;

async function outcomeOf(query: string, rows: Data, wanted: Wanted, number: number): Promise<Outcome> {
  if (wanted.kind === "refused") return { kind: "left out", reason: wanted.message };
  const expected = wanted.rows.toSorted();
  if (expected.length > ROWS_MAX) return { kind: "left out", reason: `${expected.length} rows` };
  for (const [where, run] of [
    ["batch", () => batched(query, rows)],
    ["batch that spills", () => batched(query, rows, true)],
    ["streaming", () => streamed(query, rows, 1 + (number % 9))],
  ] as const) {
    const report = await differenceOf(run, expected);
    if (report !== null) return { kind: "differs", where, report };
  }
  return { kind: "same", rows: expected.length };
}

/** Null: none. */
async function differenceOf(
  run: () => Promise<readonly string[]>,
  expected: readonly string[],
): Promise<string | null> {
  let found: readonly string[];
  try {
    found = await run();
  } catch (error) {
    return `it fails: ${error instanceof Error ? error.message : String(error)}`;
  }
  const [missing, extra] = [without(expected, found), without(found, expected)];
  if (missing.length + extra.length === 0) return null;
  const shown = (lines: readonly string[]): string =>
    lines
      .slice(0, SHOWN)
      .map((line) => `\n    ${line}`)
      .join("") + (lines.length > SHOWN ? `\n    … ${lines.length}` : "");
  return `missing:${shown(missing)}\n  too many:${shown(extra)}`;
}

/** Each as often as it is there more often. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = counts.get(line) ?? 0;
    counts.set(line, count - 1);
    return count <= 0;
  });
}
