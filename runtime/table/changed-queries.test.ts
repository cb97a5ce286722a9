/** A query that is changed while its job has state: what was kept comes back as it was, or is refused, and is never read as something else (SQPU1, SQPU3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Job, job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { t } from "../record/index.ts";
import { JobDriver } from "../testkit/index.ts";
import { type ChangelogRecord, tableEnvironment } from "./index.ts";

const User = t.record({ id: t.int32, name: t.nullable(t.string), city: t.nullable(t.string) });
const Order = t.record({ user_id: t.int32, worth: t.nullable(t.int32), tax: t.nullable(t.int32) });

const jobOf = (query: string): Job =>
  job((env) => {
    const tables = tableEnvironment(env);
    tables.table("users", env.fromCollection([], { type: User, uid: "users" }));
    tables.table("orders", env.fromCollection([], { type: Order, uid: "orders" }));
    tables.sql(query).toChangelogStream({ uid: "changes" }).sinkTo(printSink(), { uid: "out" });
  });

/** A user comes to the first query, an order to the second, restored from the first. */
async function changed(first: string, second: string): Promise<readonly unknown[]> {
  const user = { id: 1, name: "ada", city: "Bern" };
  const driver = await JobDriver.start(jobOf(first), { sources: { users: [user], orders: [] } });
  await driver.run();
  const snapshot = await driver.snapshot();
  await driver.close();
  await using restored = await JobDriver.start(jobOf(second), { restore: snapshot });
  restored.push("orders", { user_id: 1, worth: 5, tax: 0 });
  restored.end();
  await restored.run();
  return restored.output<ChangelogRecord>("out").map(({ row }) => row);
}

const joinOf = (selected: string, columns: string): string =>
  `SELECT ${selected} FROM (SELECT ${columns} FROM users) AS u JOIN orders AS o ON u.id = o.user_id`;

test("rows that a join has kept are there when its result changes", async () => {
  const rows = await changed(
    joinOf("n, worth", "id, name AS n"),
    joinOf("worth + 1 AS more, UPPER(n) AS m", "id, name AS n"),
  );
  assert.deepEqual(rows, [{ more: 6, m: "ADA" }]);
});

for (const [what, second] of [
  ["renamed", joinOf("m, worth", "id, name AS m")],
  ["added", joinOf("n, city, worth", "id, name AS n, city")],
] as const)
  test(`a column of them that is ${what} is refused: it would be NULL in what was kept`, async () => {
    await assert.rejects(changed(joinOf("n, worth", "id, name AS n"), second), { code: "STATE_INCOMPATIBLE" });
  });

for (const [what, call, expected] of [
  ["in columns", "COUNT(*)", "2"],
  ["in columns, with its different values", "COUNT(DISTINCT w)", "2"],
  ["as objects", "SUM(CAST(w AS DECIMAL(10, 0)))", "14"],
] as const)
  test(`a group is kept ${what} when its key has another name`, async () => {
    const queryOf = (key: string): string =>
      `SELECT CAST(${call} AS STRING) AS r FROM (SELECT user_id AS ${key}, worth AS w FROM orders) GROUP BY ${key}`;
    const driver = await JobDriver.start(jobOf(queryOf("a")), { sources: { users: [], orders: [] } });
    driver.push("orders", { user_id: 1, worth: 5, tax: 0 });
    await driver.run();
    const snapshot = await driver.snapshot();
    await driver.close();
    await using restored = await JobDriver.start(jobOf(queryOf("b")), { restore: snapshot });
    restored.push("orders", { user_id: 1, worth: 9, tax: 0 });
    restored.end();
    await restored.run();
    assert.equal(restored.output<ChangelogRecord>("out").at(-1)?.row["r"], expected);
  });

const ordered = [
  ["user_id, worth, tax, p", "tax, p, worth, user_id"],
  ["p, tax, worth, user_id", "worth, user_id, tax, p"],
] as const;
const timed = (columns: string): string => `(SELECT ${columns} FROM (SELECT *, PROCTIME() AS p FROM orders))`;
const last = "QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY";

for (const [what, queryOf] of [
  ["the last row of a key", (columns: string) => `SELECT worth, tax FROM ${timed(columns)} ${last} p DESC) = 1`],
  ["a Top-N", (columns: string) => `SELECT worth, tax FROM ${timed(columns)} ${last} worth DESC) = 1`],
  ["a join", (columns: string) => `SELECT worth, tax FROM ${timed(columns)} AS o JOIN users ON user_id = id`],
  [
    "an outer join",
    (columns: string) => `SELECT worth, tax FROM ${timed(columns)} AS o LEFT JOIN users ON user_id = id`,
  ],
] as const)
  for (const [before, after] of ordered)
    test(`rows that ${what} has kept are the same when its columns are in another order: ${before} → ${after}`, async () => {
      const driver = await JobDriver.start(jobOf(queryOf(before)), { sources: { users: [], orders: [] } });
      driver.push("orders", { user_id: 1, worth: 5, tax: 2 });
      await driver.run();
      const snapshot = await driver.snapshot();
      await driver.close();
      await using restored = await JobDriver.start(jobOf(queryOf(after)), { restore: snapshot });
      restored.push("orders", { user_id: 1, worth: 9, tax: 3 });
      restored.push("users", { id: 1, name: "ada", city: "Bern" });
      restored.end();
      await restored.run();
      const rows = restored.output<ChangelogRecord>("out").map(({ row }) => JSON.stringify(row));
      assert.ok(rows.length >= 2);
      assert.deepEqual([...new Set(rows)].toSorted(), ['{"worth":5,"tax":2}', '{"worth":9,"tax":3}']);
    });
