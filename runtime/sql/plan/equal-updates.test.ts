import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTablesScript } from "../corpus/corpus.test-support.ts";
import { explainJson } from "./explain.ts";
import { planScript } from "./plan-script.ts";
import { inputsFirst } from "./rebuilt.ts";

const tables = planTablesScript();
const COUNTS = "SELECT b, COUNT(*) AS n FROM t GROUP BY b";
const LEVELS = `SELECT b, n > 10 AS isHot FROM (${COUNTS})`;

/** How many calcs leave out updates that change nothing. */
function leavingOut(script: string): number {
  const plan = planScript(`${tables}${script}`);
  assert.ok(plan.kind === "plan", plan.kind === "problems" ? plan.problems[0]?.message : "");
  const roots = [...plan.sinks, ...plan.queries].map(({ input }) => input);
  return inputsFirst(roots).filter((node) => node.kind === "calc" && node.leavesOutEqual === true).length;
}

describe("updates that change nothing", () => {
  for (const [what, script, expected] of [
    ["are left out where a calc gives less than it gets", LEVELS, 1],
    [
      "and below aggregates and joins that take rows in any order",
      `SELECT isHot, COUNT(*) FROM (${LEVELS}) GROUP BY isHot`,
      1,
    ],
    ["not where all columns stay (SQEU2)", COUNTS, 0],
    ["not of rows that stay", "SELECT b, a > 10 FROM t", 0],
    ["not below aggregates that ask which came last (SQEU1)", `SELECT LAST_VALUE(isHot) FROM (${LEVELS})`, 0],
    [
      "not below a Top-N",
      `SELECT * FROM (${LEVELS}) QUALIFY ROW_NUMBER() OVER (PARTITION BY isHot ORDER BY b) <= 3`,
      0,
    ],
    ["not where state expires", `SET 'table.exec.state.ttl' = '1 h'; ${LEVELS}`, 0],
    [
      "not ahead of a table that keeps the last row of a key",
      `${topic("BOOLEAN")} INSERT INTO topic SELECT n > 10, b FROM (${COUNTS})`,
      0,
    ],
    [
      "but ahead of one by the query's key",
      `${topic("STRING")} INSERT INTO topic SELECT b, n > 10 FROM (${COUNTS})`,
      1,
    ],
  ] as const)
    it(what, () => assert.equal(leavingOut(script), expected));

  it("change no uid", () => {
    const uids = (script: string) => {
      const plan = planScript(`${tables}${script}`);
      assert.ok(plan.kind === "plan");
      return explainJson(plan).nodes.map(({ uid }) => uid);
    };
    const [with_, without] = [uids(LEVELS), uids(`${LEVELS}; SELECT LAST_VALUE(isHot) FROM (${LEVELS})`)];
    for (const uid of with_) assert.ok(without.includes(uid));
  });
});

function topic(key: string): string {
  const other = key === "STRING" ? "BOOLEAN" : "STRING";
  return `CREATE TABLE topic (k ${key}, v ${other}, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
    'topic' = 't', 'properties.bootstrap.servers' = 'h:1', 'key.format' = 'json', 'value.format' = 'json');`;
}
