import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planEntries, planTablesScript, tablesScript, validScripts } from "../corpus/corpus.test-support.ts";
import { describeProblem } from "../syntax/problem.ts";
import type { GivenTable } from "../validate/catalog.ts";
import { explainJson, explainText } from "./explain.ts";
import { faultsOf } from "./plan-check.test-support.ts";
import { planScript } from "./plan-script.ts";

const tables = planTablesScript();

/** Without uids: they have tests of their own. */
function shown(script: string): string {
  const plan = planScript(`${tables}${script}`);
  if (plan.kind === "plan") return explainText(plan).replaceAll(/, uid=\[[a-z0-9-]+\]/g, "");
  return plan.problems
    .map(({ at, ...problem }) => ({
      ...problem,
      at: { start: at.start - tables.length, end: at.end - tables.length },
    }))
    .map((problem) => describeProblem(problem, script, "job.sql"))
    .join("\n");
}

describe("the plan of", () => {
  for (const { script, said } of planEntries())
    it(script.replaceAll(/\s+/g, " ").slice(0, 110), () => assert.equal(shown(script), said));
});

describe("INSERT OVERWRITE", () => {
  const files = "CREATE TABLE f (b STRING) WITH ('connector' = 'filesystem', 'path' = '/f', 'format' = 'csv'); ";
  const batch = "SET 'execution.runtime-mode' = 'batch'; ";
  const overwrite = "INSERT OVERWRITE f SELECT b FROM t";

  it("of a batch into files is a sink that overwrites, and has the uid of INSERT INTO", () => {
    assert.match(shown(files + batch + overwrite), /^mode: batch\nSink\(table=\[f\], overwrite=\[true\], changes/);
    const uidOf = (insert: string): string | undefined => {
      const plan = planScript(tables + files + batch + insert);
      assert.ok(plan.kind === "plan");
      return plan.sinks[0]?.uid;
    };
    assert.equal(uidOf(overwrite), uidOf("INSERT INTO f SELECT b FROM t"));
  });

  for (const [what, script, message] of [
    [
      "of a stream",
      files + overwrite,
      /1:\d+: INSERT OVERWRITE of a query that has no end[^]*\^{16}\n[^]*'execution\.runtime-mode' = 'batch'/,
    ],
    [
      "into another connector",
      `CREATE TABLE f (b STRING) WITH ('connector' = 'print'); ${batch}${overwrite}`,
      /the table f has the connector print, which cannot be overwritten[^]*INSERT INTO/,
    ],
    [
      "beside another INSERT into the table",
      `${files}${batch}${overwrite}; INSERT INTO f SELECT b FROM t WHERE id > 3`,
      /the table f is overwritten, and written by another INSERT[^]*UNION ALL/,
    ],
  ] as const)
    it(`${what} is refused at its place`, () => assert.match(shown(script), message));
});

const corpus = [
  ...planEntries().map(({ script }) => `${tables}${script}`),
  ...validScripts().map(({ script }) => `${tablesScript()}${script}`),
];

describe("every plan", () => {
  it("has names that fields may have, also where equal ones are numbered", () => {
    const name = "n".repeat(63);
    const plan = planScript(`${tables}SELECT a AS ${name}, id AS ${name}, b AS ${name} FROM t`);
    assert.ok(plan.kind === "plan");
    const names = plan.queries.flatMap(({ input }) => input.row.map((column) => column.name));
    assert.deepEqual(names, [name, `${"n".repeat(62)}0`, `${"n".repeat(62)}1`]);
  });

  it("has names, places, keys and times that fit (SQPT1, SQPT3)", () => {
    let plans = 0;
    for (const script of corpus) {
      const plan = planScript(script);
      if (plan.kind === "problems") {
        assert.ok(plan.problems.every(({ message, remedy }) => message !== "" && remedy !== ""));
        continue;
      }
      plans++;
      for (const { input } of [...plan.sinks, ...plan.queries]) assert.deepEqual(faultsOf(input), [], script);
    }
    assert.ok(plans > 100, `${plans} plans`);
  });

  it("gives a query the names and the number of its columns, and a sink those of its table", () => {
    const plan = planScript(`${tables}SELECT a, a, b AS x FROM t; INSERT INTO o (n) SELECT id FROM t`);
    assert.ok(plan.kind === "plan");
    assert.deepEqual(
      plan.queries[0]?.input.row.map(({ name }) => name),
      ["a", "a0", "x"],
    );
    assert.deepEqual(
      plan.sinks[0]?.input.row.map(({ name }) => name),
      ["k", "n", "z"],
    );
  });
});

describe("the settings of a script", () => {
  it("are those of all its SETs; mode and time zone are checked (SQPC1)", () => {
    const plan = planScript(
      "SET 'execution.runtime-mode' = 'BATCH'; SELECT 1; SET 'table.local-time-zone' = 'Europe/Berlin'; SET 'parallelism.default' = '3'; RESET 'x'",
    );
    assert.ok(plan.kind === "plan");
    assert.deepEqual([plan.mode, plan.timeZone], ["batch", "Europe/Berlin"]);
    assert.equal(plan.settings.get("parallelism.default")?.value, "3");
    const problemOf = (script: string): string => {
      const wrong = planScript(script);
      return wrong.kind === "problems" ? (wrong.problems[0]?.message ?? "") : "none";
    };
    assert.equal(problemOf("SET 'execution.runtime-mode' = 'fast'"), "there is no runtime mode 'fast'");
    assert.equal(problemOf("SET 'table.local-time-zone' = 'Mars/North'"), "there is no time zone 'Mars/North'");
  });
});

describe("a table of the program", () => {
  const given: GivenTable = {
    name: "clicks",
    columns: [
      { name: "user", type: { kind: "varchar", isNullable: false, length: 2_147_483_647 } },
      { name: "at", type: { kind: "timestamp_ltz", isNullable: false, precision: 3 } },
    ],
    rowtime: "at",
    primaryKey: [],
    changes: "append",
  };

  it("is read as it is, with the watermarks of its stream (SQGT1)", () => {
    const plan = planScript(
      "SELECT `user`, window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(`at`), INTERVAL '1' MINUTE)) GROUP BY `user`, window_start, window_end",
      { tables: [given] },
    );
    assert.ok(plan.kind === "plan");
    assert.deepEqual(
      explainJson(plan).nodes.map(({ kind }) => kind),
      ["scan", "windowAggregate", "calc"],
    );
  });

  it("is refused with a time or a key that it has not", () => {
    assert.throws(() => planScript("SELECT 1", { tables: [{ ...given, rowtime: "ts" }] }), /no column ts/);
    assert.throws(() => planScript("SELECT 1", { tables: [{ ...given, primaryKey: ["id"] }] }), /no column id/);
    assert.throws(() => planScript("SELECT 1", { tables: [{ ...given, rowtime: "user" }] }), /must be a TIMESTAMP/);
  });
});
