import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { StreamError } from "../../base/index.ts";
import { sqlCommand, type SqlLookCommand } from "./sql-command.ts";
import { testTerminal } from "../terminal/terminal.test-support.ts";

describe("streamjob sql --check", () => {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-sql-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  function check(content: string | Uint8Array, shows: SqlLookCommand["shows"] = "problems") {
    const file = join(folder, "job.sql");
    writeFileSync(file, content);
    return run(file, shows);
  }

  function compare(content: string, comparedWith: string) {
    const file = join(folder, "job.sql");
    writeFileSync(file, content);
    return run(file, "problems", comparedWith);
  }

  async function run(file: string, shows: SqlLookCommand["shows"] = "problems", comparedWith?: string) {
    const out: string[] = [];
    const said: string[] = [];
    const exitCode = await sqlCommand(
      testTerminal(out, said, { say: (line) => void said.push(line.replaceAll(folder, "")) }),
      { kind: "sql", file, shows, ...(comparedWith === undefined ? {} : { comparedWith }) },
    );
    return { exitCode, out, said };
  }

  it("ends with 0 when nothing is wrong", async () => {
    assert.deepEqual(await check("CREATE TABLE t (a INT);\nSELECT 1;"), {
      exitCode: 0,
      out: [],
      said: ["2 statements, no errors"],
    });
  });

  it("shows every mistake with its place and remedy, and ends with 1 (SQC1)", async () => {
    assert.deepEqual(await check("SELECT timestamp FROM t;\nSELECT 1;\nSELCT 2;"), {
      exitCode: 1,
      out: [],
      said: [
        "/job.sql:1:8: timestamp is a reserved word and cannot be a name\n1 | SELECT timestamp FROM t;\n  |        ^^^^^^^^^\nIf it is meant as a name, quote it with backticks: `timestamp`.\n",
        "/job.sql:3:1: SELCT is no statement\n3 | SELCT 2;\n  | ^^^^^\nDid you mean SELECT?\n",
        "3 statements, 2 with errors",
      ],
    });
  });

  it("finds what a stream cannot run, once each statement is right (SQC2)", async () => {
    const files = "CREATE TABLE f (n INT) WITH ('connector' = 'filesystem', 'path' = '/f', 'format' = 'csv');\n";
    const { exitCode, said } = await check(`${files}INSERT OVERWRITE f VALUES 1;`);
    assert.equal(exitCode, 1);
    assert.match(said[0] ?? "", /job\.sql:2:1: INSERT OVERWRITE of a query that has no end[^]*'batch'/);
    assert.equal(said[1], "2 statements, 1 with errors");
    assert.equal(
      (await check(`SET 'execution.runtime-mode' = 'batch';\n${files}INSERT OVERWRITE f VALUES 1;`)).exitCode,
      0,
    );
  });

  it("shows the statements as they are understood, and their columns, with --print", async () => {
    const { exitCode, out } = await check(
      "create table t (a int, b bigint, c double, d boolean, primary key (a) not enforced);\n" +
        "select a,a+b*c as x from t -- sum\nwhere not d; create function f as 'com.example.F' language java; select f(a) from t",
      "statements",
    );
    assert.equal(exitCode, 0);
    assert.deepEqual(out.slice(1), [
      "SELECT a, a + b * c AS x FROM t WHERE NOT d;\n-- a INT NOT NULL, x DOUBLE, KEY (a)",
      "CREATE FUNCTION f AS 'com.example.F' LANGUAGE JAVA;",
      "SELECT f(a) FROM t;\n-- not checked further: f is a function in JAVA",
    ]);
  });

  it("shows the plan with --explain, and as JSON (SQC2)", async () => {
    const script =
      "CREATE TABLE t (a INT, b STRING) WITH ('connector' = 'x'); CREATE TABLE o (n BIGINT) WITH ('connector' = 'y'); INSERT INTO o SELECT a FROM t WHERE b = 'c'";
    const { exitCode, out } = await check(script, "plan");
    assert.equal(exitCode, 0);
    assert.deepEqual(
      out
        .join("\n")
        .replaceAll(/, uid=\[[a-z0-9-]+\]/g, "")
        .split("\n"),
      [
        "mode: streaming",
        "Sink(table=[o], changes=[append])",
        "+- Calc(select=[CAST(a AS BIGINT) AS n], where=[(b = 'c')], changes=[append])",
        "   +- TableSourceScan(table=[t], fields=[a, b], changes=[append])",
      ],
    );
    const explained = script.replace("INSERT", "EXPLAIN PLAN FOR INSERT");
    assert.deepEqual((await check(explained, "plan")).out, out);
    const json = JSON.parse((await check(script, "json")).out.join("")) as { nodes: { kind: string }[] };
    assert.deepEqual(
      json.nodes.map(({ kind }) => kind),
      ["scan", "calc"],
    );
    assert.match((await check(script, "svg")).out.join("\n"), /^<svg [^]*>Calc<[^]*<\/svg>$/);
  });

  it("shows what of another script's state, or of its plan's, it takes over with --compare (SQC3)", async () => {
    const before = join(folder, "before.sql");
    const table = "CREATE TABLE t (a INT, b STRING) WITH ('connector' = 'x');";
    const count = `${table} SELECT b, COUNT(*) FROM t GROUP BY b`;
    writeFileSync(before, count);
    const saved = join(folder, "before.json");
    writeFileSync(saved, (await check(count, "json")).out.join(""));
    for (const other of [before, saved]) {
      const kept = await compare(count.replace("FROM t", "FROM t WHERE a > 1"), other);
      assert.equal(kept.exitCode, 0);
      assert.match(
        kept.out.join("\n"),
        /^kept {4}scan of t, scan-[0-9a-f]+\nkept {4}aggregate of t \(b\), .*\nAll state fits\.$/,
      );
      const lost = await compare(count.replace("COUNT(*)", "MAX(a)"), other);
      assert.equal(lost.exitCode, 1);
      assert.match(lost.out.join("\n"), /lost {4}aggregate of t \(b\), .*: select was COUNT\(\*\), and is MAX\(a\)/);
    }
    assert.equal((await compare(`${table} SELECT c FROM t`, saved)).exitCode, 1);
    writeFileSync(saved, "{}");
    await assert.rejects(compare(count, saved), /before\.json is not a plan: it has no nodes/);
  });

  it("shows no plan of a script with mistakes, or that a stream cannot run (SQC2)", async () => {
    const { exitCode, out, said } = await check("CREATE TABLE t (a INT); SELECT a FROM t ORDER BY a", "plan");
    assert.deepEqual([exitCode, out], [1, []]);
    assert.match(said.join("\n"), /1:50: a stream has no end at which it could be sorted/);
  });

  it("loads the modules of functions that lie beside the script (SQC1)", async () => {
    writeFileSync(
      join(folder, "shapes.ts"),
      `import { t } from "streamjob";
      import { scalarFunction } from "streamjob/table";
      export const area = scalarFunction({ arguments: [t.float64], returns: t.float64, call: (side: number): number => side * side });
      export const broken: string = "no function";`,
    );
    const created = "CREATE FUNCTION area AS './shapes.ts#area' LANGUAGE TYPESCRIPT;";
    const { exitCode, out } = await check(`${created}\nSELECT area(1) AS a;`, "statements");
    assert.deepEqual([exitCode, out[1]], [0, "SELECT area(1) AS a;\n-- a DOUBLE NOT NULL"]);
    const wrong = await check(`${created}\nSELECT area('x');\nCREATE FUNCTION f AS './shapes.ts#broken';`);
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.said.join("\n"), /job\.sql:2:13: argument 1 of area is to be DOUBLE, and this is CHAR\(1\)/);
    assert.match(wrong.said.join("\n"), /job\.sql:3:22: broken of \.\/shapes\.ts is no function of SQL/);
  });

  it("says that a script is not there, or is no text", async () => {
    const isInvalid = (what: RegExp) => (error: unknown) =>
      error instanceof StreamError && error.code === "OPTION_INVALID" && what.test(error.message);
    await assert.rejects(run(join(folder, "none.sql")), isInvalid(/none\.sql cannot be read/));
    await assert.rejects(check(new Uint8Array([0xff, 0xfe, 0x00])), isInvalid(/job\.sql is not UTF-8/));
  });
});
