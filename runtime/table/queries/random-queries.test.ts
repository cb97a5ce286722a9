/**
 * Random queries over streams that are restored in their middle, and over bounded tables: they give what DuckDB gives. `npm run chaos -- sql-fuzz` runs as many as wanted.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareQueries } from "./query-comparison.test-support.ts";

const SEED = 1;
const QUERIES = 40;

describe("random queries", () => {
  it(`give what DuckDB gives: ${QUERIES} of seed ${SEED}`, async () => {
    let compared = 0;
    for await (const { number, query, outcome } of compareQueries(SEED, { count: QUERIES, only: null })) {
      if (outcome.kind === "differs")
        assert.fail(
          `number ${number}, ${outcome.where}: ${outcome.report}\n  ${query.ours}\n  DuckDB: ${query.theirs}`,
        );
      if (outcome.kind === "same") compared += 1;
    }
    assert.ok(compared > (QUERIES * 3) / 4, `${compared} compared`);
  });
});
