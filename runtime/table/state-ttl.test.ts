/** State that expires, in whole jobs: `table.exec.state.ttl` and STATE_TTL on the clock, restores, and what of a changed query is refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Job, job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { t } from "../record/index.ts";
import { JobDriver, type JobSnapshot } from "../testkit/index.ts";
import { type ChangelogRecord, tableEnvironment } from "./index.ts";

const User = t.record({ id: t.int32, name: t.string });
const Order = t.record({ user_id: t.int32, worth: t.int32 });

const jobOf = (query: string, ttl: string | null): Job =>
  job((env) => {
    const tables = tableEnvironment(env);
    tables.table("users", env.fromCollection([], { type: User, uid: "users" }));
    tables.table("orders", env.fromCollection([], { type: Order, uid: "orders" }));
    if (ttl !== null) tables.execute(`SET 'table.exec.state.ttl' = '${ttl}'`);
    tables.sql(query).toChangelogStream({ uid: "changes" }).sinkTo(printSink(), { uid: "out" });
  });

const sources = { users: [], orders: [] };

class Run {
  readonly #driver: JobDriver;
  #seen = 0;

  private constructor(driver: JobDriver) {
    this.#driver = driver;
  }

  static async start(query: string, ttl: string | null, restore?: JobSnapshot, parallelism = 1): Promise<Run> {
    const from = restore === undefined ? { sources } : { restore };
    return new Run(await JobDriver.start(jobOf(query, ttl), { ...from, parallelism }));
  }

  /** What comes of a row: `+I 1, ada`. */
  async give(table: "users" | "orders", ...values: readonly unknown[]): Promise<readonly string[]> {
    const names = table === "users" ? ["id", "name"] : ["user_id", "worth"];
    this.#driver.push(table, Object.fromEntries(names.map((name, index) => [name, values[index]])));
    await this.#driver.run();
    const all = this.#driver.output<ChangelogRecord>("out");
    const fresh = all.slice(this.#seen);
    this.#seen = all.length;
    return fresh.map(({ kind, row }) => `${kind} ${Object.values(row).map(String).join(", ")}`);
  }

  after(time: string): Promise<void> {
    return this.#driver.advance(time);
  }

  async stop(): Promise<JobSnapshot> {
    const snapshot = await this.#driver.snapshot();
    await this.#driver.close();
    return snapshot;
  }
}

const counts = "SELECT user_id, COUNT(*) AS n, MAX(worth) AS most FROM orders GROUP BY user_id";

describe("state that expires", () => {
  it("makes groups begin anew, and lives as long as rows come (SQZS1)", async () => {
    const run = await Run.start(counts, "1 h");
    assert.deepEqual(await run.give("orders", 1, 5), ["+I 1, 1, 5"]);
    await run.after("59 min");
    assert.deepEqual(await run.give("orders", 1, 3), ["-U 1, 1, 5", "+U 1, 2, 5"]);
    await run.after("59 min");
    assert.deepEqual(await run.give("orders", 1, 3), ["-U 1, 2, 5", "+U 1, 3, 5"]);
    await run.after("60 min");
    assert.deepEqual(await run.give("orders", 1, 3), ["+I 1, 1, 3"]);
    await run.stop();
  });

  it("emits an update to the same row, for the sake of the state behind it (SQZO3)", async () => {
    const query = "SELECT user_id, MAX(worth) AS most FROM orders GROUP BY user_id";
    const run = await Run.start(query, "1 h");
    await run.give("orders", 1, 5);
    assert.deepEqual(await run.give("orders", 1, 3), ["-U 1, 5", "+U 1, 5"]);
    await run.stop();
    const forever = await Run.start(query, null);
    await forever.give("orders", 1, 5);
    assert.deepEqual(await forever.give("orders", 1, 3), []);
    await forever.stop();
  });

  it("forgets the values of DISTINCT with their group (SQZO2)", async () => {
    const run = await Run.start("SELECT user_id, COUNT(DISTINCT worth) AS n FROM orders GROUP BY user_id", "1 h");
    await run.give("orders", 1, 5);
    assert.deepEqual(await run.give("orders", 1, 6), ["-U 1, 1", "+U 1, 2"]);
    await run.after("2 h");
    assert.deepEqual(await run.give("orders", 1, 5), ["+I 1, 1"]);
    await run.stop();
  });

  it("leaves a join row by row, by side (SQZS2, SQPZ2)", async () => {
    const query =
      "SELECT /*+ STATE_TTL('u' = '3 h', 'orders' = '1 h') */ name, worth FROM users AS u JOIN orders ON u.id = orders.user_id";
    const run = await Run.start(query, null);
    await run.give("orders", 1, 5);
    await run.after("30 min");
    await run.give("orders", 1, 6);
    await run.after("30 min");
    assert.deepEqual(await run.give("users", 1, "ada"), ["+I ada, 6"]);
    await run.after("2 h");
    assert.deepEqual(await run.give("orders", 1, 7), ["+I ada, 7"]);
    await run.after("1 h");
    assert.deepEqual(await run.give("orders", 1, 8), []);
    await run.stop();
  });

  it("leaves an outer join, whose rows are then nobody's to take back", async () => {
    const run = await Run.start("SELECT name, worth FROM users LEFT JOIN orders ON id = user_id", "1 h");
    assert.deepEqual(await run.give("users", 1, "ada"), ["+I ada, null"]);
    await run.after("1 h");
    assert.deepEqual(await run.give("orders", 1, 5), []);
    assert.deepEqual(await run.give("users", 1, "ada"), ["+I ada, 5"]);
    await run.stop();
  });

  it("leaves a join of rows that change", async () => {
    const query = `SELECT name, n FROM users JOIN (SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) ON id = user_id`;
    const run = await Run.start(query, "1 h");
    await run.give("orders", 1, 5);
    await run.after("30 min");
    assert.deepEqual(await run.give("users", 1, "ada"), ["+I ada, 1"]);
    await run.after("30 min");
    assert.deepEqual(await run.give("users", 1, "bob"), []);
    assert.deepEqual(await run.give("orders", 1, 5), ["+I ada, 1", "+I bob, 1"]);
    await run.stop();
  });

  for (const [what, query, first, again] of [
    [
      "a Top-N",
      "SELECT user_id, worth FROM orders QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY worth DESC) <= 1",
      "+I 1, 5",
      "+I 1, 3",
    ],
    ["DISTINCT", "SELECT DISTINCT user_id FROM orders", "+I 1", "+I 1"],
    [
      "the first row of a key",
      "SELECT user_id, worth FROM (SELECT *, PROCTIME() AS p FROM orders) QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY p) = 1",
      "+I 1, 5",
      "+I 1, 3",
    ],
    [
      "the last row of a key",
      "SELECT user_id, worth FROM (SELECT *, PROCTIME() AS p FROM orders) QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY p DESC) = 1",
      "+I 1, 5",
      "+I 1, 3",
    ],
    [
      "OVER",
      "SELECT user_id, SUM(worth) OVER (PARTITION BY user_id ORDER BY p) AS s FROM (SELECT *, PROCTIME() AS p FROM orders)",
      "+I 1, 5",
      "+I 1, 3",
    ],
    ["one row for all", "SELECT SUM(worth) AS s FROM orders", "+I 5", "+I 3"],
  ] as const)
    it(`leaves ${what}`, async () => {
      const run = await Run.start(query, "1 h");
      assert.deepEqual(await run.give("orders", 1, 5), [first]);
      await run.after("1 h");
      assert.deepEqual(await run.give("orders", 1, 3), [again]);
      await run.stop();
    });

  it("lives neither longer nor shorter over a restore (SQZS3)", async () => {
    const run = await Run.start(counts, "1 h");
    await run.give("orders", 1, 5);
    await run.after("30 min");
    await run.give("orders", 2, 5);
    await run.after("29 min");
    const snapshot = await run.stop();
    const restored = await Run.start(counts, "1 h", snapshot, 3);
    await restored.after("1 min");
    assert.deepEqual(await restored.give("orders", 1, 5), ["+I 1, 1, 5"]);
    assert.deepEqual(await restored.give("orders", 2, 5), ["-U 2, 1, 5", "+U 2, 2, 5"]);
    await restored.stop();
  });

  it("is kept when the time is another one, and has that from then on (SQPU4)", async () => {
    const run = await Run.start(counts, "1 h");
    await run.give("orders", 1, 5);
    await run.give("orders", 2, 5);
    const snapshot = await run.stop();
    const restored = await Run.start(counts, "3 h", snapshot);
    await restored.after("2 h");
    assert.deepEqual(await restored.give("orders", 1, 5), ["-U 1, 1, 5", "+U 1, 2, 5"]);
    await restored.after("1 h");
    assert.deepEqual(await restored.give("orders", 2, 5), ["+I 2, 1, 5"]);
    await restored.stop();
  });

  for (const [before, after] of [
    [null, "1 h"],
    ["1 h", null],
    ["1 h", "0 s"],
  ] as const)
    it(`is refused where it stays now or stayed before: ${before ?? "forever"} → ${after ?? "forever"} (SQPU4)`, async () => {
      const run = await Run.start(counts, before);
      await run.give("orders", 1, 5);
      const snapshot = await run.stop();
      await assert.rejects(Run.start(counts, after, snapshot), {
        code: "STATE_INCOMPATIBLE",
        message: /aggregate-[0-9a-f]+" \(aggregate by user_id\)/,
      });
    });
});
