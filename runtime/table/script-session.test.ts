/** Statements one after the other: what counts for later ones, and how what is wrong with them is shown. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamError } from "../../base/index.ts";
import { t } from "../record/index.ts";
import { JobDriver } from "../testkit/index.ts";
import { type LookedStatement, queryJob, readResultLine, ScriptSession } from "./engine.ts";
import { scalarFunction } from "./index.ts";

const half = scalarFunction({ arguments: [t.int32], returns: t.nullable(t.float64), call: (n) => n / 2 });
const load = (specifier: string): Promise<Readonly<Record<string, unknown>>> =>
  specifier === "./f.ts" ? Promise.resolve({ half }) : Promise.reject(new Error("it is not there"));

async function sessionOf(...statements: readonly string[]): Promise<ScriptSession> {
  const session = new ScriptSession(load);
  for (const statement of statements) session.keep((await session.look(statement)) as LookedStatement);
  return session;
}

const refused =
  (...parts: readonly string[]) =>
  (error: unknown) => {
    assert.ok(error instanceof StreamError && error.code === "SQL_INVALID", String(error));
    for (const part of parts) assert.ok(error.message.includes(part), error.message);
    return true;
  };

const TABLE = "CREATE TABLE t (a INT) WITH ('connector' = 'datagen')";

describe("a session of statements", () => {
  it("builds on what was kept, and on nothing else (SSES1)", async () => {
    const session = await sessionOf(TABLE, "SELECT a FROM t", "CREATE VIEW v AS SELECT a AS b FROM t", "DROP VIEW v");
    await session.look("CREATE VIEW w AS SELECT a FROM t");
    await assert.rejects(session.look("SELECT b FROM v"), refused("there is no table v"));
    await assert.rejects(session.look("SELECT a FROM w"), refused("there is no table w"));
    const looked = await session.look("SELECT a FROM t");
    assert.equal(
      looked?.script,
      `${TABLE};\nDROP VIEW v`.replace(
        "DROP VIEW v",
        "CREATE VIEW v AS SELECT a AS b FROM t;\nDROP VIEW v;\nSELECT a FROM t",
      ),
    );
    assert.equal(looked.plan.queries.length, 1);
  });

  it("shows mistakes at their places in the statement, not in the session (SSES2)", async () => {
    const session = await sessionOf(TABLE);
    await assert.rejects(
      session.look("SELECT a,\n  c FROM t"),
      refused("sql:2:3: there is no column c", "2 |   c FROM t"),
    );
    await assert.rejects(session.look("INSERT INTO t SELECT 1"), refused("table t:"));
    const bare = await sessionOf("CREATE TABLE bare (a INT)");
    await assert.rejects(bare.look("SELECT a FROM bare"), refused("sql:1:14: table bare: it has no connector"));
  });

  it("sets options of the job, which are looked at when they are set", async () => {
    const session = await sessionOf("SET 'execution.runtime-mode' = 'batch'", "SET 'parallelism.default' = '2'");
    const looked = await session.look("SELECT 1");
    assert.deepEqual(
      [looked?.plan.mode, [...(looked?.settings.keys() ?? [])]],
      ["batch", ["execution.runtime-mode", "parallelism.default"]],
    );
    await assert.rejects(session.look("SET 'no.such.option' = '1'"), refused("sql:1:1", "no.such.option"));
    await assert.rejects(
      session.look("SET 'execution.runtime-mode' = 'slow'"),
      refused("there is no runtime mode 'slow'"),
    );
  });

  it("has nothing to do for a comment, and refuses what would be filled again and again", async () => {
    const session = await sessionOf(TABLE);
    assert.equal(await session.look("-- nothing"), null);
    await assert.rejects(
      session.look("CREATE TABLE u WITH ('connector' = 'print') AS SELECT a FROM t"),
      refused("INSERT INTO"),
    );
  });

  it("goes on behind a statement that ends with a comment", async () => {
    const session = await sessionOf("CREATE VIEW v AS SELECT 1 AS a -- one");
    assert.equal((await session.look("SELECT a FROM v"))?.plan.queries.length, 1);
  });

  it("gives the values of a query in the order of its columns, also where they are called by numbers", async () => {
    const session = await sessionOf();
    const looked = await session.look("SELECT 'two' AS `2`, 'one' AS `1`");
    assert.ok(looked !== null);
    await using driver = await JobDriver.start(queryJob(looked.script, "sql", load), { parallelism: 1 });
    await driver.run();
    assert.deepEqual(
      driver.output<string>("query-1:lines").map((line) => readResultLine(line).change),
      [{ kind: "+I", values: ["two", "one"] }],
    );
  });

  it("has functions of modules, and its queries give their changes as lines (RSLN1, SQJB3)", async () => {
    const session = await sessionOf("CREATE FUNCTION half AS './f.ts#half' LANGUAGE TYPESCRIPT");
    const query =
      "SELECT a, half(SUM(b)) AS h FROM (VALUES ('x', 1), ('y', CAST(NULL AS INT)), ('x', 2)) AS v(a, b) GROUP BY a";
    const looked = await session.look(query);
    assert.ok(looked !== null);
    await using driver = await JobDriver.start(queryJob(looked.script, "sql", load), { parallelism: 1 });
    await driver.run();
    assert.deepEqual(
      driver.output<string>("query-1:lines").map((line) => readResultLine(line).change),
      [
        { kind: "+I", values: ["x", "0.5"] },
        { kind: "+I", values: ["y", null] },
        { kind: "-U", values: ["x", "0.5"] },
        { kind: "+U", values: ["x", "1.5"] },
      ],
    );
  });

  it("tells changes from what else a job prints, and from lines that were cut (RSLN1)", () => {
    const [line, change] = ['\u001e["+I","x",null]', { kind: "+I", values: ["x", null] }];
    for (const [text, printed, found] of [
      ['["+I","x"]', '["+I","x"]', null],
      ["", "", null],
      [line, null, change],
      [`a point.${line}`, "a point.", change],
      [`\u001e["+I","y${line}`, null, change],
      ['\u001e["+I","y', null, null],
    ] as const)
      assert.deepEqual(readResultLine(text), { printed, change: found }, text);
  });
});
