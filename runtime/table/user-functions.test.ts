/** Functions of the user in jobs: what they are called with, what becomes of what they give, and where they are refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { t } from "../record/index.ts";
import { aggregateFunction, scalarFunction, tableFunction } from "./index.ts";
import { changesOf, isRefused, mask, rowsOf, split } from "./user-functions.test-support.ts";

describe("a scalar function", () => {
  it("is called where no argument is NULL that it takes none of, with values of the declared types", async () => {
    const rows = await rowsOf("SELECT id, mask(line, 1) FROM words WHERE id < 3", { mask });
    assert.deepEqual(rows, ["1 a****", "2 null"]);
  });

  it("sees NULL where its type has null", async () => {
    const orNone = scalarFunction({
      arguments: [t.nullable(t.string)],
      returns: t.string,
      call: (value) => value ?? "none",
    });
    assert.deepEqual(await rowsOf("SELECT or_none(line) FROM words", { or_none: orNone }), ["ab cd", "ef", "none"]);
  });

  it("gets a BIGINT as a number or a bigint, a DATE, a list, a row, as its types say", async () => {
    const seen: unknown[] = [];
    const see = scalarFunction({
      arguments: [t.int64, t.bigint, t.date, t.list(t.int32), t.record({ a: t.int32, b: t.nullable(t.string) })],
      returns: t.record({ total: t.int64, day: t.date }),
      call: (number, big, day, list, row) => {
        seen.push([number, big, day.toISOString(), [...list], { ...row }]);
        return { total: number + list.length, day: new Date(day.getTime() + 90_000_000) };
      },
    });
    const query =
      "SELECT see(worth, worth, DATE '2026-01-31', ARRAY[id, 2], ROW(id, line)) AS r FROM words WHERE id = 2";
    const rows = await rowsOf(`SELECT r.total + 1, CAST(r.\`day\` AS STRING) FROM (${query}) AS x`, { see });
    assert.deepEqual(rows, ["10 2026-02-01"]);
    assert.deepEqual(seen, [[7, 7n, "2026-01-31T00:00:00.000Z", [2, 2], { a: 2, b: null }]]);
  });

  it("gives a DATE, whatever the time of its Date", async () => {
    const day = scalarFunction({ arguments: [t.int64], returns: t.date, call: (ms) => new Date(ms * 86_400_000 + 1) });
    assert.deepEqual(await rowsOf("SELECT CAST(day_of(id) AS STRING) FROM words WHERE id = 3", { day_of: day }), [
      "1970-01-04",
    ]);
  });

  it("gives a row whatever the order of its fields", async () => {
    const pair = scalarFunction({
      arguments: [t.int32],
      returns: t.record({ a: t.int32, b: t.int32 }),
      call: (n) => ({ b: n + 1, a: n }),
    });
    assert.deepEqual(await rowsOf("SELECT pair(id) = ROW(id, id + 1) FROM words WHERE id = 1", { pair }), ["true"]);
  });

  for (const [what, thrown, part] of [
    ["a circle", Object.assign([], { 0: {} }), "an object"],
    ["a symbol", Symbol("odd"), "Symbol(odd)"],
  ] as const)
    it(`is named where it throws ${what}`, async () => {
      if (typeof thrown === "object") thrown[0] = thrown;
      const call = (): string => {
        throw thrown as unknown as Error;
      };
      const odd = scalarFunction({ arguments: [t.int32], returns: t.string, call });
      await assert.rejects(
        rowsOf("SELECT odd(id) FROM words", { odd }),
        isRefused("USER_FUNCTION_FAILED", `the function odd failed on (1): ${part}`),
      );
    });

  it("that gives a promise fails by that, and not once more when the promise is rejected", async () => {
    const stray: unknown[] = [];
    const take = (error: unknown): void => void stray.push(error);
    process.on("unhandledRejection", take);
    const call = (() => Promise.reject(new Error("later"))) as unknown as () => string;
    const later = scalarFunction({ arguments: [t.int32], returns: t.string, call });
    await assert.rejects(
      rowsOf("SELECT later(id) FROM words", { later }),
      isRefused("USER_FUNCTION_FAILED", "later failed on (1)", "it gives a promise"),
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", take);
    assert.deepEqual(stray, []);
  });

  it("is called once for equal calls in a row, and not at all in a branch that is not taken", async () => {
    let calls = 0;
    const counted = scalarFunction({
      arguments: [t.int32],
      returns: t.int32,
      call: (value) => {
        calls += 1;
        return value;
      },
    });
    await rowsOf("SELECT f(id), f(id) + 1, CASE WHEN id > 1 THEN 0 ELSE f(id + 1) END FROM words", { f: counted });
    assert.equal(calls, 4);
  });

  it("that is not deterministic is called each time", async () => {
    let calls = 0;
    const next = scalarFunction({ arguments: [], returns: t.int32, deterministic: false, call: () => (calls += 1) });
    const rows = await rowsOf("SELECT following() + 0 * id, following() FROM words", { following: next });
    assert.equal(new Set(rows.flatMap((row) => row.split(" "))).size, 6);
  });

  it("that throws says its name and what it was called with", async () => {
    const fails = scalarFunction({
      arguments: [t.nullable(t.string), t.int64],
      returns: t.string,
      call: (value, worth) => {
        if (value === null) throw new RangeError(`no text of ${worth}`);
        return value;
      },
    });
    await assert.rejects(
      rowsOf("SELECT fails(line, worth) FROM words", { fails }),
      isRefused("USER_FUNCTION_FAILED", "the function fails failed on (NULL, 7): RangeError: no text of 7"),
    );
  });

  it("that throws what is no Error, and has no text, fails by that", async () => {
    const bare = scalarFunction({
      arguments: [t.int32],
      returns: t.string,
      call: () => {
        throw Object.assign(Object.create(null) as object, { why: "no" });
      },
    });
    await assert.rejects(
      rowsOf("SELECT bare(id) FROM words", { bare }),
      isRefused("USER_FUNCTION_FAILED", 'the function bare failed on (1): {"why":"no"}'),
    );
  });

  for (const [what, given, found] of [
    ["of another type", 1, "gives 1"],
    ["undefined, where its type has no null", undefined, "gives undefined"],
  ] as const)
    it(`that gives ${what} is refused, and nothing comes into a row`, async () => {
      const wrong = scalarFunction({ arguments: [t.int32], returns: t.string, call: () => given as never });
      await assert.rejects(
        rowsOf("SELECT wrong(id) FROM words", { wrong }),
        isRefused("USER_FUNCTION_FAILED", "wrong", found, "(1)", "declared to give string"),
      );
    });

  it("stands wherever a value may: in ON, VALUES, ORDER BY, a window's table, a grouping set", async () => {
    const twice = scalarFunction({ arguments: [t.int32], returns: t.int32, call: (n) => 2 * n });
    const joined = "SELECT a.id, b.id FROM words AS a JOIN words AS b ON a.worth = b.worth AND twice(a.id) > b.id + 2";
    assert.deepEqual(await rowsOf(joined, { twice }), ["3 3"]);
    assert.deepEqual(await rowsOf("SELECT * FROM (VALUES (twice(4)), (twice(1))) AS v(n)", { twice }), ["2", "8"]);
    const ordered = "SELECT id FROM words ORDER BY twice(-id) LIMIT 2";
    assert.deepEqual(await changesOf(ordered, { twice }, "batch"), ["+I 3", "+I 2"]);
    const grouped =
      "SELECT twice(id) AS n, COUNT(*) FROM words GROUP BY GROUPING SETS ((twice(id)), ()) HAVING COUNT(*) > 1";
    assert.deepEqual(await rowsOf(grouped, { twice }, "batch"), ["null 3"]);
    const inner = "SELECT twice(id) AS n FROM words WHERE twice(id) IN (SELECT twice(id) FROM words WHERE id = 2)";
    assert.deepEqual(await rowsOf(inner, { twice }, "batch"), ["4"]);
  });

  it("is opened ahead of the first row and closed at the end, in each subtask that has it", async () => {
    const story: string[] = [];
    const opened = scalarFunction({
      arguments: [t.int32],
      returns: t.int32,
      open: async ({ subtask, parallelism }) => {
        await Promise.resolve();
        story.push(`open ${subtask} of ${parallelism}`);
        return { call: (value) => value * 10, close: () => void story.push("closed") };
      },
    });
    // Of a constant, too: it cannot be worked out before it is open.
    const rows = await rowsOf("SELECT f(id) + f(1) FROM words WHERE f(id) > 10", { f: opened });
    assert.deepEqual(rows, ["30", "40"]);
    assert.equal(story.filter((each) => each === "closed").length, story.length / 2);
    assert.ok(story[0]?.startsWith("open"), story.join(", "));
  });

  it("that cannot be opened says why", async () => {
    const opened = scalarFunction({
      arguments: [t.int32],
      returns: t.int32,
      open: () => {
        throw new Error("no such file");
      },
    });
    await assert.rejects(
      rowsOf("SELECT f(id) FROM words", { f: opened }),
      isRefused("USER_FUNCTION_FAILED", "f could not be opened: Error: no such file"),
    );
  });
});

describe("a table function", () => {
  it("is joined: LEFT keeps rows that it has nothing for, and those with NULL", async () => {
    const from = "FROM words JOIN_ LATERAL TABLE(pieces(line)) AS s(w, n)";
    assert.deepEqual(await rowsOf(`SELECT id, w, n ${from.replace("JOIN_", "CROSS JOIN")}`, { pieces: split }), [
      "1 ab 2",
      "1 cd 2",
      "3 ef 2",
    ]);
    const left = `SELECT id, w, n ${from.replace("JOIN_", "LEFT JOIN")} ON TRUE`;
    assert.deepEqual(await rowsOf(left, { pieces: split }), ["1 ab 2", "1 cd 2", "2 null null", "3 ef 2"]);
  });

  it("stands behind a comma, and alone, with its own names of columns", async () => {
    assert.deepEqual(
      await rowsOf("SELECT id, s.size FROM words, LATERAL TABLE(pieces(line)) AS s WHERE word = 'cd'", {
        pieces: split,
      }),
      ["1 2"],
    );
    assert.deepEqual(await rowsOf("SELECT * FROM TABLE(pieces('x yz'))", { pieces: split }), ["x 1", "yz 2"]);
  });

  it("of values that are no records has one column", async () => {
    const upTo = tableFunction({
      arguments: [t.int32],
      returns: t.int32,
      open: () => ({ call: (end) => Array.from({ length: end }, (_none, at) => at + 1) }),
    });
    const rows = await rowsOf("SELECT id, n FROM words, LATERAL TABLE(up_to(id)) AS x(n) WHERE id < 3", {
      up_to: upTo,
    });
    assert.deepEqual(rows, ["1 1", "2 1", "2 2"]);
  });

  it("that gives no end of rows, or none that can be counted, is refused", async () => {
    const endless = tableFunction({
      arguments: [t.int32],
      returns: t.int32,
      *call(id) {
        for (;;) yield id;
      },
    });
    const one = tableFunction({ arguments: [t.int32], returns: t.int32, call: (id) => id as never });
    for (const [name, of, part] of [
      ["endless", endless, "it gives more than 1000000 rows for one"],
      ["one", one, "it gives 1, and a table function gives an array, or is a generator"],
    ] as const)
      await assert.rejects(
        rowsOf(`SELECT x.n FROM words, LATERAL TABLE(f(id)) AS x(n)`, { f: of }),
        isRefused("USER_FUNCTION_FAILED", "the function f failed on (1)", part),
        name,
      );
  });

  it("takes back what it has given for a row that is taken back", async () => {
    const changes = await changesOf(
      "SELECT n, w FROM (SELECT MAX(line) AS m, COUNT(*) AS n FROM words WHERE id <> 2), LATERAL TABLE(pieces(m)) AS s(w, size)",
      { pieces: split },
    );
    assert.deepEqual(changes, ["+I 1 ab", "+I 1 cd", "-U 1 ab", "-U 1 cd", "+U 2 ef"]);
  });
});

describe("a query is refused", () => {
  const uncertain = scalarFunction({ arguments: [t.bigint], returns: t.bigint, deterministic: false, call: (n) => n });
  const plain = aggregateFunction({
    arguments: [t.bigint],
    returns: t.bigint,
    accumulator: t.bigint,
    create: () => 0n,
    add: (sum, value) => sum + value,
    result: (sum) => sum,
  });
  const chancy = aggregateFunction({
    arguments: [t.bigint],
    returns: t.bigint,
    deterministic: false,
    accumulator: t.bigint,
    create: () => 0n,
    add: (sum, value) => sum + value,
    result: (sum) => sum,
  });
  const opened = scalarFunction({ arguments: [t.int32], returns: t.int32, open: () => ({ call: (n) => n }) });
  const functions = { mask, pieces: split, uncertain, plain, chancy, opened };
  const totals = "(SELECT id, SUM(worth) AS s FROM words GROUP BY id)";
  const hop = "TABLE(HOP(TABLE words, DESCRIPTOR(moment), INTERVAL '5' SECOND, INTERVAL '10' SECOND))";
  for (const [what, query, ...parts] of [
    ["with too few arguments", "SELECT mask(line) FROM words", "mask with 1 argument", "Write mask(STRING, INT)."],
    [
      "with another type",
      "SELECT mask(id, 1) FROM words",
      "argument 1 of mask is to be STRING, and this is INT",
      "CAST",
    ],
    [
      "with a wider type",
      "SELECT mask(line, worth) FROM words",
      "argument 2 of mask is to be INT, and this is BIGINT",
      "CAST",
    ],
    [
      "with a table function as a value",
      "SELECT pieces(line) FROM words",
      "pieces is a table function",
      "LATERAL TABLE(pieces(…))",
    ],
    [
      "with a scalar function as a table",
      "SELECT * FROM TABLE(mask('a', 1))",
      "mask is no table function",
      "SELECT mask(…)",
    ],
    [
      "with OVER of a scalar function",
      "SELECT mask(line, 1) OVER (ORDER BY moment) FROM words",
      "mask, which is no aggregate function",
    ],
    [
      "that takes back what is computed anew",
      `SELECT uncertain(s) FROM ${totals}`,
      "uncertain is not deterministic",
      "ahead of",
    ],
    [
      "that filters what changes by chance",
      `SELECT id FROM ${totals} WHERE uncertain(s) > 0`,
      "uncertain is not deterministic",
    ],
    [
      "whose aggregate takes its own results back, which it computes anew",
      "SELECT id, chancy(worth) FROM words GROUP BY id",
      "the aggregate chancy is not deterministic",
      "in a window, or in batch mode",
    ],
    ["whose aggregate cannot undo", `SELECT plain(s) FROM ${totals}`, "plain has no retract", "may be taken back"],
    [
      "whose frame moves on",
      "SELECT plain(worth) OVER (ORDER BY moment ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM words",
      "rows leave the frame",
    ],
    [
      "whose windows are made of parts",
      `SELECT plain(worth) FROM ${hop} GROUP BY window_start, window_end`,
      "plain has no merge",
      "HOP",
    ],
    [
      "that opens a function in ON",
      "SELECT a.id FROM words AS a LEFT JOIN words AS b ON a.id = b.id AND opened(a.id) > opened(b.id)",
      "opened has to be opened",
      "in ON",
    ],
    ["of an unknown function", "SELECT maskk(line, 1) FROM words", "there is no function maskk", "Did you mean mask?"],
  ] as const)
    it(what, async () => {
      await assert.rejects(rowsOf(query, functions), isRefused("SQL_INVALID", ...parts));
    });

  it("not where nothing changes, or in batch mode", async () => {
    assert.equal((await rowsOf("SELECT uncertain(worth) FROM words", { uncertain })).length, 3);
    assert.equal((await rowsOf(`SELECT uncertain(s) FROM ${totals}`, { uncertain }, "batch")).length, 3);
    assert.deepEqual(await rowsOf("SELECT chancy(worth) FROM words", { chancy }, "batch"), ["23"]);
    const windows = "TABLE(TUMBLE(TABLE words, DESCRIPTOR(moment), INTERVAL '10' SECOND))";
    assert.deepEqual(
      await rowsOf(`SELECT chancy(worth) FROM ${windows} GROUP BY window_start, window_end`, { chancy }),
      ["23"],
    );
  });
});
