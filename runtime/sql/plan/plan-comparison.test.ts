import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTablesScript } from "../corpus/corpus.test-support.ts";
import { type ExplainedPlan, explainJson } from "./explain.ts";
import { comparePlans, describeComparison } from "./plan-comparison.ts";
import { planScript } from "./plan-script.ts";
import { readSavedPlan } from "./saved-plan.ts";
import { Uids } from "./uids.ts";

const tables = planTablesScript();

function planOf(script: string, declared = tables): ExplainedPlan {
  const plan = planScript(`${declared}${script}`);
  assert.ok(plan.kind === "plan", plan.kind === "problems" ? plan.problems[0]?.message : "");
  return explainJson(plan);
}

/** Without uids. */
const compared = (before: ExplainedPlan, after: ExplainedPlan): readonly string[] =>
  describeComparison(comparePlans(before, after)).map((line) =>
    line.replaceAll(/,? ?\b[a-z-]+-[0-9a-f]{16}(:[A-Za-z-]+-[0-9a-f]{16}-by-[\d-]+)?/g, ""),
  );

const counts = "SELECT b, COUNT(*) AS n FROM t GROUP BY b";
const joined = "SELECT l.id, x FROM t AS l JOIN s ON l.id = s.id";
const REFUSED = "An upgrade with state is refused before the old job stops:";
const LOST = `${REFUSED} that of 1 operator would be lost, unless allowNonRestoredState is set.`;

const MISTAKEN =
  "Do not set allowNonRestoredState for it: 1 operator would go on with the state of other rows. Keep the order of the queries, or start without state.";
const countsWhere = (condition: string): string => `SELECT b, COUNT(*) AS n FROM t WHERE ${condition} GROUP BY b`;
describe("a changed query and the state of the one before (SQCP1, SQCP2)", () => {
  for (const [what, before, after, expected] of [
    [
      "that adds a filter keeps it",
      counts,
      "SELECT b, COUNT(*) AS m FROM t WHERE id > 3 GROUP BY b HAVING COUNT(*) > 1",
      ["kept    scan of t", "kept    aggregate of t (b)", "All state fits."],
    ],
    [
      "that adds a query keeps it, and begins another one",
      counts,
      `${counts}; SELECT x FROM s`,
      ["kept    scan of t", "kept    aggregate of t (b)", "new     scan of s", "All state fits."],
    ],
    [
      "of other functions loses it",
      counts,
      "SELECT b, MAX(id) AS n FROM t GROUP BY b",
      [
        "kept    scan of t",
        "lost    aggregate of t (b): select was COUNT(*), and is MAX(id)",
        "new     aggregate of t (b)",
        LOST,
      ],
    ],
    [
      "that is gone loses it",
      `${counts}; SELECT x FROM s`,
      "SELECT x FROM s",
      [
        "lost    scan of t: the table is not read any more",
        "lost    aggregate of t (b): the new query has no such operator",
        "kept    scan of s",
        `${REFUSED} that of 2 operators would be lost, unless allowNonRestoredState is set.`,
      ],
    ],
    [
      "of a join that keeps another column loses it",
      joined,
      "SELECT l.id, l.b, x FROM t AS l JOIN s ON l.id = s.id",
      [
        "kept    scan of t",
        "kept    scan of s",
        "lost    join of t, s (id = `$key`): its rows have left.b now",
        "new     join of t, s (id = `$key`)",
        LOST,
      ],
    ],
    [
      "of a state that expires now loses it",
      counts,
      `SET 'table.exec.state.ttl' = '1 h'; ${counts}`,
      [
        "kept    scan of t",
        "lost    aggregate of t (b): stateTtl was nothing, and is 1h",
        "new     aggregate of t (b)",
        LOST,
      ],
    ],
    [
      "over groups that are others loses it, and says by which",
      `SELECT n, COUNT(*) AS m FROM (${counts}) GROUP BY n`,
      `SELECT n, COUNT(*) AS m FROM (SELECT b, a, COUNT(*) AS n FROM t GROUP BY b, a) GROUP BY n`,
      [
        "kept    scan of t",
        "lost    aggregate of t (b): groupBy was b, and is b, a",
        "lost    aggregate of t (n): what its rows come from is other state:",
        "new     aggregate of t (b, a)",
        "new     aggregate of t (n)",
        `${REFUSED} that of 2 operators would be lost, unless allowNonRestoredState is set.`,
      ],
    ],
    [
      "beside which the first of two that differ in their conditions is gone finds the state of that one (SQCP3)",
      `${countsWhere("id > 1")}; ${countsWhere("id > 2")}`,
      countsWhere("id > 2"),
      [
        "kept    scan of t",
        "other   aggregate of t (b): its state is of rows where (id > 1), and would be taken for that of rows where (id > 2), which is",
        "lost    aggregate of t (b): its operator would find that of",
        LOST,
        MISTAKEN,
      ],
    ],
    [
      "that is written ahead of another one that differs in its conditions finds the state of that one (SQCP3)",
      `${countsWhere("id > 1")}; ${countsWhere("id > 2")}`,
      `${countsWhere("id > 2")}; ${countsWhere("id > 1")}`,
      [
        "kept    scan of t",
        "other   aggregate of t (b): its state is of rows where (id > 1), and would be taken for that of rows where (id > 2), which is",
        "lost    aggregate of t (b): its operator would find that of",
        "new     aggregate of t (b)",
        LOST,
        MISTAKEN,
      ],
    ],
    ["without state has none to lose", "SELECT 1", "SELECT 2", ["No operator has state."]],
  ] as const)
    it(what, () => assert.deepEqual(compared(planOf(before), planOf(after)), expected));

  it("whose job reads a table by three scripts that differ in conditions tells when the second goes and the third finds its state (SQCP3)", () => {
    const readingsOf = (...keys: readonly string[]): ExplainedPlan => {
      const uids = new Uids();
      const plans = keys.map((key) => {
        const plan = planScript(
          `CREATE TABLE m (k STRING, n BIGINT) WITH ('connector' = 'mysql'); SELECT n FROM m WHERE k = '${key}'`,
          { uids },
        );
        assert.ok(plan.kind === "plan");
        return explainJson(plan);
      });
      return { ...(plans[0] as ExplainedPlan), nodes: plans.flatMap(({ nodes }) => nodes) };
    };
    assert.deepEqual(compared(readingsOf("a", "b", "c"), readingsOf("a", "c")), [
      "kept    scan of m",
      "other   scan of m: its state is of rows where k = 'b', and would be taken for that of rows where k = 'c', which is",
      "lost    scan of m: its operator would find that of",
      LOST,
      MISTAKEN,
    ]);
    assert.equal(comparePlans(readingsOf("a", "b", "c"), readingsOf("a", "b", "d")).fits, false);
    assert.equal(comparePlans(readingsOf("a", "b"), readingsOf("a", "c")).fits, true);
  });

  it("over a column of another type finds state that does not fit, but for one that may be NULL now", () => {
    const of = (type: string): ExplainedPlan =>
      planOf(`CREATE TABLE w (k INT, v ${type}); SELECT k, SUM(v) AS s FROM w GROUP BY k`);
    const lines = compared(of("INT"), of("DOUBLE"));
    assert.equal(lines[1], "misfit  aggregate of w (k): result 1 of SUM(v) was INT, and is DOUBLE");
    assert.equal(lines[2], `${REFUSED} that of 1 operator has other types.`);
    const joinOf = (type: string): ExplainedPlan =>
      planOf(`CREATE TABLE w (k INT, v ${type}); SELECT v FROM w JOIN s ON w.k = s.id`);
    assert.equal(comparePlans(joinOf("INT NOT NULL"), joinOf("INT")).fits, true);
    assert.match(compared(joinOf("INT"), joinOf("INT NOT NULL"))[2] ?? "", /left\.v was INT, and is INT NOT NULL/);
    for (const [before, after] of [
      ["VARCHAR(10)", "VARCHAR(20)"],
      ["VARCHAR(10) NOT NULL", "STRING"],
      ["DECIMAL(10, 2)", "DECIMAL(12, 2)"],
      ["BYTES", "VARBINARY(9)"],
    ] as const)
      assert.equal(comparePlans(joinOf(before), joinOf(after)).fits, true, after);
    assert.match(
      compared(joinOf("DECIMAL(10, 2)"), joinOf("DECIMAL(10, 4)"))[2] ?? "",
      /left\.v was DECIMAL\(10, 2\), and is DECIMAL\(10, 4\)/,
    );
  });

  it("over a table that is written by another key than the query's has also what keeps rows ahead of it (TSKR1, TSKR2)", () => {
    const to = (select: string, key = "k"): ExplainedPlan =>
      planOf(
        `CREATE TABLE m (k STRING, n BIGINT, PRIMARY KEY (${key}) NOT ENFORCED) WITH ('connector' = 'mysql'); INSERT INTO m ${select}`,
      );
    const sums = (value: string): string => `SELECT b, ${value} FROM t GROUP BY b, id`;
    assert.deepEqual(compared(to(sums("SUM(a)")), to(sums("SUM(a) * 2"))), [
      "kept    scan of t",
      "kept    aggregate of t (b, id)",
      "lost    rows by key ahead of m (k): what its columns are computed from is another expression",
      "new     rows by key ahead of m (k)",
      LOST,
    ]);
    assert.equal(comparePlans(to(sums("SUM(a)")), to(`${sums("SUM(a)")} HAVING SUM(a) > 3`)).fits, true);
    const upserts = "SELECT k, v FROM u";
    assert.deepEqual(
      to(upserts, "k, n").sinks.map(({ keeps }) => keeps.map(({ kind }) => kind)),
      [[]],
    );
    assert.deepEqual(compared(to(counts), to(`${counts}, id`)).slice(-2), ["new     rows by key ahead of m (k)", LOST]);
    assert.match(
      compared(to(sums("SUM(a)")), to(sums("SUM(a)"), "n"))[2] ?? "",
      /rows by key ahead of m \(k\): key was k, and is n$/,
    );
  });

  it("may have its plan from JSON, which is read for nothing else (SQSP1)", () => {
    const plan = planOf(counts);
    const saved = readSavedPlan(JSON.stringify(plan));
    assert.ok(saved.kind === "plan");
    assert.equal(comparePlans(saved.plan, plan).fits, true);
    for (const [text, reason] of [
      ["{", /no JSON/],
      ["[]", /has no nodes/],
      ['{"nodes": [1]}', /node 1 is no object/],
      ['{"nodes": [{"uid": "a"}]}', /node 1 has no kind/],
      [JSON.stringify({ ...plan, nodes: plan.nodes.slice(1) }), /takes rows of scan-[0-9a-f]+, which is not there/],
      [
        JSON.stringify({ nodes: plan.nodes.map(({ state: _state, ...node }) => node) }),
        /state holds: it was written by an older version/,
      ],
      [JSON.stringify({ ...plan, sinks: undefined }), /has no sinks/],
      [
        JSON.stringify({ ...plan, sinks: [{ uid: "a", table: "o", input: plan.nodes[0]?.uid }] }),
        /ahead of its sinks: it was written by an older version/,
      ],
    ] as const) {
      const read = readSavedPlan(text);
      assert.ok(read.kind === "invalid");
      assert.match(read.reason, reason);
    }
  });
});
