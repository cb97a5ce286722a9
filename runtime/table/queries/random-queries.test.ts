/**
 * Random queries of random tables: what they give over streams that are restored in their middle, at another parallelism, and over bounded tables, is what
 * DuckDB gives for the same rows.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { type Data, data } from "./data.test-support.ts";
import { duckdbResults } from "./duckdb.test-support.ts";
import { batched, streamed } from "./query-runs.test-support.ts";
import { randomQuery } from "./random-query.test-support.ts";

const SEED = 17;
const QUERIES = 12;
const DEPTH = 3;
const ORDERS = 30;

it("random queries give what DuckDB gives", async () => {
  const [sample] = fc.sample(data, { seed: SEED, numRuns: 1 }) as [Data];
  const rows: Data = { ...sample, orders: sample.orders.slice(0, ORDERS) };
  const queries = fc.sample(randomQuery(DEPTH), { seed: SEED, numRuns: QUERIES });
  const expected = (await duckdbResults(rows, queries)).map((result) => result.toSorted());
  for (const [place, query] of queries.entries()) {
    assert.deepEqual(await batched(query, rows), expected[place], `over bounded tables: ${query}`);
    assert.deepEqual(await streamed(query, rows, 4), expected[place], `over streams: ${query}`);
  }
});
