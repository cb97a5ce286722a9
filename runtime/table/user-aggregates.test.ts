/** Aggregate functions of the user in jobs. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { t } from "../record/index.ts";
import { JobDriver } from "../testkit/index.ts";
import { aggregateFunction, type ChangelogRecord, type FunctionDefinition } from "./index.ts";
import { changesOf, isRefused, jobOf, type Row, rowsOf, text, weighted, words } from "./user-functions.test-support.ts";

describe("an aggregate function", () => {
  for (const mode of ["streaming", "batch"] as const)
    it(`gives a result for each group, in ${mode} mode`, async () => {
      const query = "SELECT id > 1, weighted(worth, id), COUNT(*) FROM words GROUP BY id > 1";
      const rows = await rowsOf(query, { weighted }, mode);
      assert.ok(rows.includes("true 9.4 2"), rows.join(", "));
      assert.ok(rows.includes("false 5 1"));
    });

  it("leaves out rows with NULL for a parameter that takes none, and sees it otherwise", async () => {
    const seen: unknown[] = [];
    const joined = (type: typeof t.string): FunctionDefinition =>
      aggregateFunction({
        arguments: [type],
        returns: t.string,
        accumulator: t.string,
        create: () => "",
        add: (all, line) => {
          seen.push(line);
          return all + String(line);
        },
        result: (all) => all,
      });
    const functions = { strict: joined(t.string), open_: joined(t.nullable(t.string) as typeof t.string) };
    assert.deepEqual(await rowsOf("SELECT strict(line), open_(line) FROM words", functions, "batch"), [
      "ab cdef ab cdnullef",
    ]);
    assert.equal(seen.filter((line) => line === null).length, 1);
  });

  it("undoes what is taken back", async () => {
    const inner = "SELECT id / 2 AS g, MAX(worth) AS m FROM words GROUP BY id / 2";
    const changes = await changesOf(`SELECT weighted(m, 1) FROM (${inner}) AS x`, { weighted });
    // 0: 5 · 1: 7, and then 11.
    assert.equal(changes.at(-1), "+U 8");
  });

  it("works with FILTER and DISTINCT, over no rows, and over a frame", async () => {
    const total = aggregateFunction({
      arguments: [t.int64],
      returns: t.int64,
      accumulator: t.int64,
      create: () => 0,
      add: (sum, value) => sum + value,
      retract: (sum, value) => sum - value,
      result: (sum) => sum,
    });
    assert.deepEqual(
      await rowsOf(
        "SELECT total(worth) FILTER (WHERE id > 1), total(DISTINCT worth * 0 + 2) FROM words",
        { total },
        "batch",
      ),
      ["18 2"],
    );
    assert.deepEqual(await rowsOf("SELECT total(worth) FROM words WHERE id > 9", { total }, "batch"), ["0"]);
    const framed = "SELECT id, total(worth) OVER (ORDER BY moment ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM words";
    assert.deepEqual(await rowsOf(framed, { total }), ["1 5", "2 12", "3 18"]);
  });

  for (const [window, rows] of [
    ["TUMBLE(TABLE words, DESCRIPTOR(moment), INTERVAL '5' SECOND)", ["11", "6.333333333333333"]],
    [
      "HOP(TABLE words, DESCRIPTOR(moment), INTERVAL '5' SECOND, INTERVAL '10' SECOND)",
      ["11", "6.333333333333333", "8.666666666666666"],
    ],
    ["SESSION(TABLE words, DESCRIPTOR(moment), INTERVAL '3' SECOND)", ["11", "6.333333333333333"]],
  ] as const)
    it(`counts in windows: ${window.slice(0, 7)}`, async () => {
      const query = `SELECT weighted(worth, id) FROM TABLE(${window}) GROUP BY window_start, window_end`;
      assert.deepEqual(await rowsOf(query, { weighted }), rows);
    });

  it("may take over the second state that it merges: windows to come have theirs (SQZG2)", async () => {
    const total = aggregateFunction({
      arguments: [t.int64],
      returns: t.int64,
      accumulator: t.record({ count: t.int64, sum: t.int64 }),
      create: () => ({ count: 0, sum: 0 }),
      add: (state, value) => {
        state.count += 1;
        state.sum += value;
      },
      merge: (left, right) => {
        if (left.count === 0) return right;
        left.count += right.count;
        left.sum += right.sum;
        return left;
      },
      result: ({ sum }) => sum,
    });
    const hop = "TABLE(HOP(TABLE words, DESCRIPTOR(moment), INTERVAL '5' SECOND, INTERVAL '15' SECOND))";
    const query = `SELECT total(worth) = SUM(worth) FROM ${hop} GROUP BY window_start, window_end`;
    assert.deepEqual(await rowsOf(query, { total }), ["true", "true", "true", "true"]);
  });

  it("may answer NULL for a state that may be NULL", async () => {
    const last = aggregateFunction({
      arguments: [t.nullable(t.string)],
      returns: t.nullable(t.string),
      accumulator: t.nullable(t.string),
      create: () => "none",
      add: (_state, line) => line,
      result: (state) => state,
    });
    assert.deepEqual(await rowsOf("SELECT latest(line) FROM words WHERE id < 3", { latest: last }, "batch"), ["null"]);
  });

  it("that answers a promise for its state fails by that", async () => {
    const add = (() => Promise.reject(new Error("later"))) as unknown as () => number;
    const functions = {
      later: aggregateFunction({
        arguments: [t.int64],
        returns: t.int64,
        accumulator: t.int64,
        create: () => 0,
        add,
        result: (state) => state,
      }),
    };
    await assert.rejects(
      rowsOf("SELECT later(worth) FROM words", functions),
      isRefused("USER_FUNCTION_FAILED", "the function later failed on (5)", "it gives a promise"),
    );
  });

  it("has its state restored, also by another number of subtasks", async () => {
    const query = "SELECT id > 1 AS later, weighted(worth, id) AS w FROM words GROUP BY id > 1";
    const first = await JobDriver.start(jobOf(query, { weighted }), {
      sources: { words: words.slice(0, 2) },
      parallelism: 1,
    });
    await first.run();
    const snapshot = await first.snapshot();
    await first.close();
    await using second = await JobDriver.start(jobOf(query, { weighted }), { restore: snapshot, parallelism: 3 });
    second.push("words", words[2]);
    second.end();
    await second.run();
    assert.deepEqual(
      second.output<ChangelogRecord>("out").map(({ kind, row }) => `${kind} ${text(row as Row)}`),
      ["-U true 7", "+U true 9.4"],
    );
  });

  it("with another state, or another name, does not take over what it finds", async () => {
    const other = aggregateFunction({
      arguments: [t.bigint, t.int32],
      returns: t.nullable(t.float64),
      accumulator: t.record({ sum: t.float64, count: t.float64 }),
      create: () => ({ sum: 0, count: 0 }),
      add: (state) => state,
      result: ({ sum }) => sum,
    });
    const never = aggregateFunction({
      arguments: [t.bigint, t.int32],
      returns: t.float64,
      accumulator: t.record({ sum: t.float64, weight: t.float64 }),
      create: () => ({ sum: 0, weight: 0 }),
      add: (state) => state,
      result: ({ sum }) => sum,
    });
    const queryOf = (name: string): string => `SELECT id, ${name}(worth, id) AS w FROM words GROUP BY id`;
    const driver = await JobDriver.start(jobOf(queryOf("f"), { f: weighted }), {
      sources: { words: words.slice(0, 2) },
    });
    await driver.run();
    const snapshot = await driver.snapshot();
    await driver.close();
    // The same state, and another result.
    for (const another of [other, never])
      await assert.rejects(
        JobDriver.start(jobOf(queryOf("f"), { f: another }), { restore: snapshot }),
        isRefused("STATE_INCOMPATIBLE"),
      );
    await assert.rejects(
      JobDriver.start(jobOf(queryOf("g"), { g: weighted }), { restore: snapshot }),
      isRefused("STATE_INCOMPATIBLE"),
    );
  });
});
