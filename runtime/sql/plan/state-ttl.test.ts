import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTablesScript } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "../syntax/problem.ts";
import { explainJson } from "./explain.ts";
import { planScript } from "./plan-script.ts";

const tables = planTablesScript();

/** What nodes say of their state, by kind. */
function ttlsOf(script: string): readonly string[] {
  const plan = planScript(`${tables}${script}`);
  assert.ok(plan.kind === "plan", plan.kind === "problems" ? plan.problems[0]?.message : "");
  return explainJson(plan).nodes.flatMap(({ kind, parts: { stateTtl } }) =>
    stateTtl === undefined ? [] : [`${kind} ${stateTtl}`],
  );
}

function problemOf(script: string): string {
  const plan = planScript(`${tables}${script}`);
  assert.ok(plan.kind === "problems");
  const whole = `${tables}${script}`;
  return plan.problems.map((problem) => describeProblem(problem, whole, "job.sql")).join("\n");
}

const HOUR = "SET 'table.exec.state.ttl' = '1 h';";

describe("how long state stays (SQPZ1)", () => {
  for (const [what, script, expected] of [
    ["as long as the job, unless something is said", "SELECT b, COUNT(*) FROM t GROUP BY b", []],
    ["so long of groups", `${HOUR}SELECT b, COUNT(*) FROM t GROUP BY b`, ["aggregate 1h"]],
    ["so long wherever SET stands", `SELECT DISTINCT b FROM t;${HOUR}`, ["aggregate 1h"]],
    ["forever by 0", `SET 'table.exec.state.ttl' = '0 ms';SELECT DISTINCT b FROM t`, []],
    [
      "in milliseconds without a unit, as Flink",
      `SET 'table.exec.state.ttl' = '36000';SELECT DISTINCT b FROM t`,
      ["aggregate 36s"],
    ],
    ["of both sides of a join", `${HOUR}SELECT * FROM t JOIN s ON t.id = s.id`, ["join left 1h, right 1h"]],
    ["of a Top-N", `${HOUR}SELECT * FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY a) <= 3`, ["rank 1h"]],
    [
      "of the last row of a key",
      `${HOUR}SELECT * FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY ts DESC) <= 1`,
      ["deduplicate 1h"],
    ],
    ["of OVER", `${HOUR}SELECT SUM(a) OVER (PARTITION BY b ORDER BY ts) FROM t`, ["over 1h"]],
    [
      "not of windows, which end",
      `${HOUR}SELECT b, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY b, window_start, window_end`,
      [],
    ],
    ["not of bounded input", `${HOUR}SET 'execution.runtime-mode' = 'batch';SELECT DISTINCT b FROM t`, []],
    [
      "as a hint says of a table's groups",
      "SELECT /*+ STATE_TTL('t' = '1 d') */ b, COUNT(*) FROM t GROUP BY b",
      ["aggregate 24h"],
    ],
    [
      "as a hint says over SET",
      `${HOUR}SELECT /*+ STATE_TTL('x' = '1 d') */ b, COUNT(*) FROM t AS x GROUP BY b HAVING COUNT(*) > 1`,
      ["aggregate 24h"],
    ],
    [
      "as a hint says of one side, and as SET says of the other",
      `${HOUR}SELECT /*+ STATE_TTL('s' = '2 h') */ * FROM t JOIN s ON t.id = s.id WHERE t.a > 1 AND s.x > 2`,
      ["join left 1h, right 2h"],
    ],
    [
      "as a hint says of tables among several joins",
      "SELECT /*+ STATE_TTL('x' = '1 h', 'z' = '3 h') */ x.a FROM t AS x JOIN s AS y ON x.id = y.id LEFT JOIN s AS z ON z.id = y.id",
      ["join left 1h, right none", "join left none, right 3h"],
    ],
    [
      "as a hint says of tables beside one that is looked up in",
      "SELECT /*+ STATE_TTL('x' = '1 h', 's' = '2 h') */ t.id FROM t JOIN s AS x ON t.id = x.id JOIN s FOR SYSTEM_TIME AS OF t.p AS n ON t.a = n.id JOIN s ON t.id = s.id",
      ["join left none, right 1h", "join left none, right 2h"],
    ],
    [
      "as a hint says, not further in than its SELECT",
      `SELECT /*+ STATE_TTL('x' = '1 h') */ * FROM (SELECT b, COUNT(*) AS n FROM t GROUP BY b) AS x JOIN s ON x.n = s.id`,
      ["join left 1h, right none"],
    ],
    [
      "as a hint says of a query over several tables",
      "SELECT /*+ STATE_TTL('x' = '1 h') */ y, COUNT(*) FROM (SELECT s.y FROM t CROSS JOIN UNNEST(ARRAY[t.id]) AS u (z) JOIN s ON s.id = z) AS x GROUP BY y",
      ["aggregate 1h"],
    ],
    [
      "as a hint says of a Top-N",
      "SELECT * FROM (SELECT /*+ STATE_TTL('t' = '1 h') */ *, ROW_NUMBER() OVER (PARTITION BY b ORDER BY a) AS n FROM t) WHERE n <= 3",
      ["rank 1h"],
    ],
    [
      "not of a window's Top-N, whatever a hint says",
      "SELECT * FROM (SELECT /*+ STATE_TTL('w' = '1 h') */ *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY a) AS n FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) AS w) WHERE n <= 3",
      [],
    ],
    ...[
      "SELECT /*+ STATE_TTL('t' = '1 h') */ b, COUNT(*) FROM t GROUP BY b",
      "SELECT /*+ STATE_TTL('t' = '1 h') */ t.a FROM t JOIN s ON t.id = s.id",
    ].map(
      (query) =>
        ["not of bounded input, whatever a hint says", `SET 'execution.runtime-mode' = 'batch';${query}`, []] as const,
    ),
  ] as const)
    it(what, () => assert.deepEqual(ttlsOf(script), expected));

  for (const [what, script, expected] of [
    [
      "a time that is none",
      "SET 'table.exec.state.ttl' = 'soon'; SELECT a FROM t",
      /"soon" is not a duration[^]*\^{3}[^]*last written/,
    ],
    [
      "a hint of a table that is not there",
      "SELECT /*+ STATE_TTL('tt' = '1 h') */ b FROM t GROUP BY b",
      /STATE_TTL names tt, which is no table of this FROM[^]*\^{9}[^]*Did you mean t\?/,
    ],
    [
      "a hint of an alias's table",
      "SELECT /*+ STATE_TTL('t' = '1 h') */ b FROM t AS x GROUP BY b",
      /STATE_TTL names t,[^]*Did you mean x\?/,
    ],
    [
      "a hint of a time that is none",
      "SELECT /*+ STATE_TTL('t' = 'soon') */ b FROM t GROUP BY b",
      /STATE_TTL of t: "soon" is not a duration/,
    ],
    [
      "a hint of a table that is looked up in",
      "SELECT /*+ STATE_TTL('n' = '1 h') */ t.id, n.y FROM t JOIN s FOR SYSTEM_TIME AS OF t.p AS n ON t.a = n.id",
      /STATE_TTL names n, which is joined FOR SYSTEM_TIME AS OF[^]*\^{9}[^]*Take it out/,
    ],
    [
      "a hint of the rows that look up",
      "SELECT /*+ STATE_TTL('t' = '1 h') */ t.id, s.x FROM t JOIN s FOR SYSTEM_TIME AS OF t.p AS n ON t.a = n.id JOIN s ON t.id = s.id",
      /STATE_TTL names t, which is joined/,
    ],
    [
      "a table whose rows are unnested",
      "SELECT /*+ STATE_TTL('t' = '1 h') */ x, COUNT(*) FROM t CROSS JOIN UNNEST(ARRAY[t.id]) AS u (x) GROUP BY x",
      /STATE_TTL names t, and nothing keeps its rows: UNNEST[^]*\^{9}[^]*name the query/,
    ],
    [
      "a table whose rows are unnested ahead of a join",
      "SELECT /*+ STATE_TTL('t' = '1 h') */ z FROM t CROSS JOIN UNNEST(ARRAY[t.id]) AS u (z) JOIN s ON s.id = z",
      /STATE_TTL names t, and nothing keeps its rows/,
    ],
    [
      "what is unnested",
      "SELECT /*+ STATE_TTL('u' = '1 h') */ x FROM t CROSS JOIN UNNEST(ARRAY[t.id]) AS u (x)",
      /STATE_TTL names u, and nothing keeps its rows/,
    ],
    ["a hint of nothing", "SELECT /*+ STATE_TTL(t) */ b FROM t GROUP BY b", /STATE_TTL without a table/],
  ] as const)
    it(`refuses ${what}`, () => assert.match(problemOf(script), expected));

  it("does not count for a uid, but whether it is over at some time does (SQPU4)", () => {
    const uidOf = (script: string): string | undefined => {
      const plan = planScript(`${tables}${script}`);
      assert.ok(plan.kind === "plan");
      return explainJson(plan).nodes.find(({ kind }) => kind === "join")?.uid;
    };
    const hinted = (hints: string): string | undefined =>
      uidOf(`SELECT /*+ STATE_TTL(${hints}) */ * FROM t JOIN s ON t.id = s.id`);
    assert.equal(hinted("'t' = '1 h'"), hinted("'t' = '2 h'"));
    assert.notEqual(hinted("'t' = '1 h'"), hinted("'s' = '1 h'"));
    assert.notEqual(hinted("'t' = '1 h'"), uidOf("SELECT * FROM t JOIN s ON t.id = s.id"));
  });
});
