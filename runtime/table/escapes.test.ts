/**
 * Names and literals of a query are anybody's: whatever stands in them comes out as it was, and none of it is ever run (SQXG1). Whole jobs, so that all code that is generated for
 * them is: expressions, keys, rows, results.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { type Job, job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { JobDriver } from "../testkit/index.ts";
import { type ChangelogRecord, tableEnvironment } from "./index.ts";

const BREACH = "sqlReachedNode";
let breaches = 0;
Object.defineProperty(globalThis, BREACH, { configurable: true, value: () => (breaches += 1) });
after(() => Reflect.deleteProperty(globalThis, BREACH));

const call = `globalThis.${BREACH}()`;
/** What would end a string, a name, a template, a comment or a line of the code. */
const attacks: readonly string[] = [
  `'+${call}+'`,
  `"+${call}+"`,
  `\`+${call}+\``,
  `\${${call}}`,
  `\\`,
  `\\"+${call}//`,
  `\\'+${call}//`,
  `";${call};//`,
  `"];${call};[" `,
  `*/${call}/*`,
  `\n${call}\n`,
  `\r${call}`,
  `\u2028${call}\u2028`,
  `\u2029${call}//`,
  `\u0000${call}`,
  `</script>${call}`,
  `k0`,
  `constants`,
  call,
  `process.exit(1)`,
  `require("fs")`,
  `import("node:fs")`,
  `toString`,
  `hasOwnProperty`,
  `valueOf`,
  `this`,
  `return`,
  `\\u0022`,
  `%`,
  `_`,
  `$1`,
  `$&`,
  `⟦`,
  `\u{1F600}`,
  `e\u0301`,
  `\uFEFF`,
];

const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...attacks) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom(...attacks, "a", " ", "'", '"', "`"), { maxLength: 4 })
      .map((parts) => parts.join("")),
  },
);
const anyName = anyText.filter((name) => name !== "" && name.length <= 63);

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const name = (text: string): string => `\`${text.replaceAll("`", "``")}\``;

const jobOf = (query: string, mode: "batch" | "streaming"): Job =>
  job((env) => {
    const tables = tableEnvironment(env, { mode });
    tables.sql(query).toChangelogStream({ uid: "changes" }).sinkTo(printSink(), { uid: "out" });
  });

/** Its last rows. */
async function rowsOf(
  query: string,
  mode: "batch" | "streaming" = "batch",
): Promise<readonly Record<string, unknown>[]> {
  await using driver = await JobDriver.start(jobOf(query, mode));
  await driver.run();
  const rows = driver.output<ChangelogRecord>("out").filter(({ kind }) => kind.startsWith("+"));
  return rows.map(({ row }) => row);
}

const RUNS = { numRuns: 40, seed: 7 };
const own = (row: Record<string, unknown> | undefined, column: string): unknown =>
  row !== undefined && Object.hasOwn(row, column) ? row[column] : "the row has no such column";

describe("what stands in a query's quotes", () => {
  it("comes out of a literal as it went in, by every way through the code", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (one, other) => {
        const [a, b] = [literal(one), literal(other)];
        const query = `SELECT t AS plain, t || ${b} AS joined, CASE WHEN t = ${a} THEN ${b} ELSE 'no' END AS chosen, t IN ('x', 'y', 'z', 'w', 'v', ${a}) AS found, POSITION(${a} IN ${b} || t) > 0 AS held, REPLACE(${b} || '☃', '☃', t) AS replaced, COALESCE(NULLIF(t, ${a}), ${b}) AS other FROM (VALUES (${a})) AS v (t) WHERE t = ${a}`;
        const [row] = await rowsOf(query);
        assert.deepEqual(
          { ...row },
          { plain: one, joined: one + other, chosen: other, found: true, held: true, replaced: other + one, other },
          query,
        );
      }),
      RUNS,
    );
    assert.equal(breaches, 0);
  });

  it("matches itself, and only itself, by LIKE", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const pattern = text.replaceAll(/[%_#]/g, (character) => `#${character}`);
        const query = `SELECT t LIKE ${literal(pattern)} ESCAPE '#' AS same, (t || 'x') LIKE ${literal(pattern)} ESCAPE '#' AS more, ('x' || t) LIKE ${literal(`%${pattern}`)} ESCAPE '#' AS ends FROM (VALUES (${literal(text)})) AS v (t)`;
        assert.deepEqual(
          (await rowsOf(query)).map((row) => ({ ...row })),
          [{ same: true, more: false, ends: true }],
          query,
        );
      }),
      RUNS,
    );
    assert.equal(breaches, 0);
  });

  it("names a column, a table and a field", async () => {
    await fc.assert(
      fc.asyncProperty(anyName, anyName, async (one, other) => {
        const [a, b] = [name(one), name(other)];
        const query = `WITH ${b} AS (SELECT ${a}, CAST(ROW(${a}) AS ROW<${b} INT>) AS r FROM (VALUES (1), (2)) AS v (${a})) SELECT ${a} + 1 AS ${b}, ${b}.r.${b} AS f FROM ${b} WHERE ${a} > 1`;
        if (one === other || other === "f" || other === "r" || one === "r") return;
        const [row] = await rowsOf(query);
        assert.equal(own(row, other), 3, query);
        assert.equal(own(row, "f"), 2, query);
      }),
      RUNS,
    );
    assert.equal(breaches, 0);
  });

  for (const mode of ["batch", "streaming"] as const)
    it(`names columns that operators keep: ${mode}`, async () => {
      await fc.assert(
        fc.asyncProperty(anyName, anyName, anyText, async (one, other, value) => {
          if (one === other) return;
          const [a, b, v] = [name(one), name(other), literal(value)];
          const rows = `(VALUES (${v}, 1), (${v}, 3), ('-', 5)) AS t (${a}, ${b})`;
          const grouped = `SELECT ${a}, SUM(${b}) AS ${b}, COUNT(DISTINCT ${a}) AS n1 FROM ${rows} GROUP BY ${a}`;
          const ranked = `SELECT ${a}, ${b} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY ${a} ORDER BY ${b} DESC) AS n2 FROM ${rows}) AS r WHERE n2 = 1`;
          const query = `SELECT g.${a}, g.${b}, r.${b} AS most FROM (${grouped}) AS g LEFT JOIN (${ranked}) AS r ON g.${a} = r.${a} WHERE g.${a} = ${v}`;
          const found = await rowsOf(query, mode);
          if (value === "-" || ["n1", "n2", "most"].some((each) => each === one || each === other)) return;
          const last = found.at(-1);
          assert.deepEqual([own(last, one), own(last, other), own(last, "most")], [value, 4, 3], query);
        }),
        { ...RUNS, numRuns: 20 },
      );
      assert.equal(breaches, 0);
    });

  it("cannot be called as no field of a row can be, which is refused at its place", async () => {
    for (const word of ["__proto__", "constructor", "prototype", "a".repeat(64)])
      for (const query of [
        `SELECT 1 AS \`${word}\``,
        `SELECT 1 FROM (VALUES (1)) AS t (${word})`,
        `SELECT CAST(ROW(1) AS ROW<${word} INT>)`,
      ])
        await assert.rejects(rowsOf(query), {
          code: "SQL_INVALID",
          message: /:1:\d+: (?:nothing can be called|a name of 64)/,
        });
    assert.equal((await rowsOf(`SELECT 1 AS ${"a".repeat(63)}`)).length, 1);
  });

  it("is reached by no function of SQL: none of Node's names is one", async () => {
    for (const global of [
      "process",
      "globalThis",
      "require",
      "eval",
      "Function",
      "fetch",
      "Buffer",
      "constants",
      BREACH,
    ]) {
      await assert.rejects(rowsOf(`SELECT ${name(global)}`), { code: "SQL_INVALID" }, global);
      await assert.rejects(rowsOf(`SELECT ${name(global)}('1')`), { code: "SQL_INVALID" }, global);
      await assert.rejects(
        rowsOf(`SELECT t.${name(global)} FROM (VALUES (1)) AS t (a)`),
        { code: "SQL_INVALID" },
        global,
      );
    }
    assert.equal(breaches, 0);
  });
});
