import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planScript } from "../plan/plan-script.ts";
import { typedText } from "../plan/typed-text.ts";
import type { CatalogTable } from "./catalog.ts";

/** The last table that the script writes to, as the catalog has it there. */
function writtenTable(script: string): CatalogTable {
  const plan = planScript(script);
  assert.ok(plan.kind === "plan", plan.kind === "problems" ? plan.problems[0]?.message : "");
  const table = plan.sinks.at(-1)?.table;
  assert.ok(table !== undefined);
  return table;
}

const optionsOf = (script: string): Record<string, string> =>
  Object.fromEntries(
    writtenTable(`${script}; INSERT INTO t (a) SELECT 1`).definition.options.map(({ key, value }) => [key, value]),
  );

describe("the options of a table", () => {
  const base = "CREATE TABLE b (a INT) WITH ('connector' = 'kafka', 'topic' = 'x')";

  it("are those of WITH, as ALTER TABLE has set and reset them", () => {
    const made = "CREATE TABLE t (a INT) WITH ('connector' = 'kafka', 'topic' = 'x')";
    assert.deepEqual(optionsOf(made), { connector: "kafka", topic: "x" });
    assert.deepEqual(
      optionsOf(`${made}; ALTER TABLE t SET ('topic' = 'y', 'format' = 'json'); ALTER TABLE t RESET ('topic')`),
      {
        connector: "kafka",
        format: "json",
      },
    );
  });

  it("come with LIKE, are overwritten by those of the table itself, and are left out by EXCLUDING", () => {
    assert.deepEqual(optionsOf(`${base}; CREATE TABLE t WITH ('topic' = 'y') LIKE b`), {
      connector: "kafka",
      topic: "y",
    });
    assert.deepEqual(optionsOf(`${base}; CREATE TABLE t WITH ('connector' = 'print') LIKE b (EXCLUDING ALL)`), {
      connector: "print",
    });
    const twice = planScript(`${base}; CREATE TABLE t WITH ('topic' = 'y') LIKE b (INCLUDING OPTIONS)`);
    assert.ok(twice.kind === "problems");
    assert.equal(twice.problems[0]?.message, "b has an option 'topic', too");
  });

  it("are changed by the hint OPTIONS for one place", () => {
    const table = writtenTable(
      "CREATE TABLE t (a INT) WITH ('connector' = 'print', 'x' = '1'); INSERT INTO t /*+ OPTIONS('x' = '2') */ SELECT 1",
    );
    assert.deepEqual(
      table.definition.options.map(({ key, value }) => `${key}=${value}`),
      ["connector=print", "x=2"],
    );
  });
});

describe("what a table computes", () => {
  it("is typed, over its whole row, and its watermark is, too", () => {
    const { computed, watermark, schema, definition } = writtenTable(
      "CREATE TABLE t (ms BIGINT, a INT, ts AS TO_TIMESTAMP_LTZ(ms, 3), b AS a + 1, c STRING METADATA FROM 'key' VIRTUAL, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'x'); INSERT INTO t SELECT CAST(1 AS BIGINT), 2",
    );
    const nameOf = (index: number): string => schema.columns[index]?.name ?? "";
    assert.deepEqual(
      computed.map((value) => (value === null ? null : typedText(value, nameOf))),
      [null, null, "TO_TIMESTAMP_LTZ(ms, 3)", "(a + 1)", null],
    );
    assert.equal(watermark?.column, 2);
    assert.equal(watermark === null ? "" : typedText(watermark.strategy, nameOf), "(ts - INTERVAL '5' SECOND)");
    const metadata = definition.columns.find(({ kind }) => kind === "metadata");
    assert.ok(metadata?.kind === "metadata");
    assert.equal(metadata.key, "key");
  });

  it("is computed from stored columns that stand behind it, too (SQVD1)", () => {
    const { computed, schema } = writtenTable(
      "CREATE TABLE t (b AS a + c, a INT, d AS c * 2, c INT) WITH ('connector' = 'x'); INSERT INTO t SELECT 1, 2",
    );
    const nameOf = (index: number): string => schema.columns[index]?.name ?? "";
    assert.deepEqual(
      computed.map((value) => (value === null ? null : typedText(value, nameOf))),
      ["(a + c)", null, "(c * 2)", null],
    );
  });
});
