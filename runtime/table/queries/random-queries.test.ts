/**
 * Random queries over streams that are restored in their middle, and over bounded tables: they give what DuckDB gives.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Data, data } from "./data.test-support.ts";
import { duckdbResults } from "./duckdb.test-support.ts";
import { batched, streamed } from "./query-run.test-support.ts";
import { randomQuery } from "./random-query.test-support.ts";

const SEED = 1;
const QUERIES = 40;
/** What is larger says no more, and takes long. */
const ROWS_MAX = 2000;

describe("random queries", () => {
  it(`give what DuckDB gives: ${QUERIES} of seed ${SEED}`, async () => {
    const rows = fc.sample(data, { seed: SEED, numRuns: 1 })[0] as Data;
    const queries = fc.sample(randomQuery, { seed: SEED, numRuns: QUERIES });
    const expected = await duckdbResults(rows, queries);
    let compared = 0;
    for (const [index, query] of queries.entries()) {
      const wanted = (expected[index] ?? []).toSorted();
      if (wanted.length > ROWS_MAX) continue;
      compared++;
      assert.deepEqual(await batched(query, rows), wanted, `over bounded tables: ${query}`);
      assert.deepEqual(await streamed(query, rows, 4), wanted, `over streams: ${query}`);
    }
    assert.ok(compared > QUERIES / 2, `${compared} compared`);
  });
});
