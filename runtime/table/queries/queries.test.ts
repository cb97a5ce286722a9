/**
 * The queries of queries.sql, joins.sql, temporal-joins.sql and lookup-joins.sql over streams that are restored in their middle, at other parallelisms, and over bounded tables: what they give in the end is
 * what DuckDB gives for the same rows.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { corpusQueries, namesInFiles } from "./corpus.test-support.ts";
import { type Data, data } from "./data.test-support.ts";
import { duckdbResults } from "./duckdb.test-support.ts";
import { batched, streamed } from "./query-run.test-support.ts";

const SEEDS = [1, 2];
/** What may have groups without a window. */
const hasGroups = /\b(GROUP BY|DISTINCT|UNION|INTERSECT|EXCEPT|IN|EXISTS|ALL|ANY)\b|\b(COUNT|SUM|AVG|MIN|MAX)\(/i;

describe("queries give what DuckDB gives", () => {
  const samples = SEEDS.map((seed) => fc.sample(data, { seed, numRuns: 1 })[0] as Data);
  let expected: readonly (readonly (readonly string[])[])[] = [];
  before(async () => {
    const queries = corpusQueries.map(({ duckdb }) => duckdb);
    expected = await Promise.all(samples.map((sample) => duckdbResults(sample, queries)));
  });

  for (const [place, { name, text }] of corpusQueries.entries())
    it(name, async () => {
      for (const [index, sample] of samples.entries()) {
        const rows = (expected[index]?.[place] ?? []).toSorted();
        assert.deepEqual(await batched(text, sample), rows, "over bounded tables");
        assert.deepEqual(await batched(text, sample, true), rows, "over bounded tables that memory does not hold");
        for (const cut of [3, 7])
          assert.deepEqual(await streamed(text, sample, cut), rows, `over streams, cut at ${cut}`);
        if (hasGroups.test(text))
          assert.deepEqual(await streamed(text, sample, 5, 7), rows, "over streams, in mini-batches");
      }
    });

  it("all of them are read", () => {
    assert.equal(corpusQueries.length, namesInFiles);
  });
});
