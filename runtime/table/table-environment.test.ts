import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { forBoundedOutOfOrderness, type Job, job, type StreamEnvironment, t } from "../api/index.ts";
import { buildStreamGraph } from "../api/engine.ts";
import { printSink } from "../connectors/basic/index.ts";
import { JobDriver } from "../testkit/index.ts";
import { type TableEnvironment, tableEnvironment, type TableEnvironmentOptions } from "./index.ts";

const Order = t.record({
  id: t.int64,
  user: t.literal("ann", "bob"),
  amount: t.float64,
  seen: t.int64,
  note: t.nullable(t.list(t.int64)),
});
const orders = [
  { id: 1, user: "ann", amount: 1.5, seen: 1000, note: [7] },
  { id: 2, user: "bob", amount: 2.5, seen: 2000, note: null },
  { id: 3, user: "ann", amount: 3, seen: 6000, note: [] },
] as const;

type Describe = (tables: TableEnvironment, env: StreamEnvironment) => void;

function jobWith(build: Describe, options: TableEnvironmentOptions = {}): Job {
  return job((env) => {
    const tables = tableEnvironment(env, options);
    tables.table("orders", env.fromCollection(orders, { type: Order, uid: "orders" }), { rowtime: "seen" });
    build(tables, env);
  });
}

async function resultOf(build: Describe, options: TableEnvironmentOptions = {}): Promise<readonly unknown[]> {
  await using driver = await JobDriver.start(jobWith(build, options), { parallelism: 1 });
  await driver.run();
  return driver.records("out").map(({ value, timestamp }) => (Number.isFinite(timestamp) ? [value, timestamp] : value));
}

const out = { uid: "out" };

describe("tables in a job", () => {
  it("are streams whose whole numbers are BIGINTs, and whose rowtime is the time of records again", async () => {
    const rows = await resultOf((tables) =>
      tables.sql("SELECT id, `user`, seen, note FROM orders WHERE amount > 2").toStream().sinkTo(printSink(), out),
    );
    assert.deepEqual(rows, [
      [{ id: 2n, user: "bob", seen: 2000, note: null }, 2000],
      [{ id: 3n, user: "ann", seen: 6000, note: [] }, 6000],
    ]);
  });

  it("read of a stream what the query uses, and convert it", async () => {
    const rows = await resultOf((tables) => tables.sql("SELECT note FROM orders").toStream().sinkTo(printSink(), out));
    assert.deepEqual(rows, [{ note: [7n] }, { note: null }, { note: [] }]);
  });

  it("become streams of changes", async () => {
    const query = "SELECT `user`, SUM(amount) AS total FROM orders GROUP BY `user`";
    assert.deepEqual(await resultOf((tables) => tables.sql(query).toRetractStream().sinkTo(printSink(), out)), [
      { isAdded: true, row: { user: "ann", total: 1.5 } },
      { isAdded: true, row: { user: "bob", total: 2.5 } },
      { isAdded: false, row: { user: "ann", total: 1.5 } },
      { isAdded: true, row: { user: "ann", total: 4.5 } },
    ]);
    assert.deepEqual(await resultOf((tables) => tables.sql(query).toChangelogStream().sinkTo(printSink(), out)), [
      { kind: "+I", row: { user: "ann", total: 1.5 } },
      { kind: "+I", row: { user: "bob", total: 2.5 } },
      { kind: "-U", row: { user: "ann", total: 1.5 } },
      { kind: "+U", row: { user: "ann", total: 4.5 } },
    ]);
  });

  it("are printed: changes as they come, or the whole table in batch mode", async () => {
    const query = "SELECT `user`, COUNT(*) AS n, MAX(seen) AS latest FROM orders GROUP BY `user`";
    const inOrder =
      "SELECT * FROM (SELECT `user`, COUNT(*) AS n, MAX(seen) AS latest FROM orders GROUP BY `user`) ORDER BY n";
    assert.deepEqual(await resultOf((tables) => tables.sql(query).print(out)), [
      "+----+--------------------------------+----------------------+-------------------------+",
      "| op |                           user |                    n |                  latest |",
      "+----+--------------------------------+----------------------+-------------------------+",
      "| +I |                            ann |                    1 | 1970-01-01 00:00:01.000 |",
      "| +I |                            bob |                    1 | 1970-01-01 00:00:02.000 |",
      "| -U |                            ann |                    1 | 1970-01-01 00:00:01.000 |",
      "| +U |                            ann |                    2 | 1970-01-01 00:00:06.000 |",
      "+----+--------------------------------+----------------------+-------------------------+",
    ]);
    assert.deepEqual(
      await resultOf((tables) => tables.sql(inOrder).print(out), { mode: "batch", timeZone: "Asia/Tokyo" }),
      [
        "(",
        "  `user` STRING NOT NULL,",
        "  `n` BIGINT NOT NULL,",
        "  `latest` TIMESTAMP_LTZ(3) NOT NULL",
        ")",
        "+------+---+-------------------------+",
        "| user | n |                  latest |",
        "+------+---+-------------------------+",
        "|  bob | 1 | 1970-01-01 09:00:02.000 |",
        "|  ann | 2 | 1970-01-01 09:00:06.000 |",
        "+------+---+-------------------------+",
        "2 rows in set",
      ],
    );
    assert.deepEqual(
      await resultOf((tables) => tables.sql("SELECT id FROM orders WHERE id < 0").print(out), { mode: "batch" }),
      ["(", "  `id` BIGINT NOT NULL", ")", "Empty set"],
    );
  });

  it("are bounded in batch mode: no row is late, whatever watermarks their stream brings (FWMK1)", async () => {
    const query =
      "SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE late, DESCRIPTOR(seen), INTERVAL '5' SECOND)) GROUP BY window_start, window_end";
    const counts = async (mode: "batch" | "streaming"): Promise<readonly unknown[]> => {
      const watermarks = forBoundedOutOfOrderness(0, ({ seen }: { readonly seen: number }) => seen);
      const counting = job((env) => {
        const tables = tableEnvironment(env, { mode });
        tables.table("late", env.fromCollection([], { type: Order, uid: "late", watermarks }), { rowtime: "seen" });
        tables.sql(query).toStream().sinkTo(printSink(), out);
      });
      await using driver = await JobDriver.start(counting, { parallelism: 1, sources: { late: [] } });
      for (const seen of [1000, 20_000, 2000]) {
        driver.push("late", { ...orders[0], seen });
        await driver.advance(1000);
      }
      driver.end();
      await driver.run();
      return driver.records("out").map(({ value }) => (value as { readonly n: bigint }).n);
    };
    assert.deepEqual(await counts("streaming"), [1n, 1n]);
    assert.deepEqual(await counts("batch"), [2n, 1n]);
  });

  it("are there for later statements, and each part of a job is made once (TENV1, SCPL1, PLST1)", async () => {
    const graph = await buildStreamGraph(
      jobWith((tables) => {
        tables.execute(
          "CREATE VIEW big AS SELECT * FROM orders WHERE amount > 2; CREATE TABLE o (id BIGINT) WITH ('connector' = 'blackhole')",
        );
        tables.execute("INSERT INTO o SELECT id FROM big");
        tables.execute("ALTER TABLE o RENAME TO p; INSERT INTO p SELECT id FROM big");
        tables.sql("SELECT id FROM big").toStream().sinkTo(printSink(), out);
      }),
    );
    const names = graph.nodes.map(({ name }) => name);
    assert.equal(names.filter((name) => name === "orders").length, 1, names.join(", "));
    assert.equal(names.filter((name) => name === "calc").length, 1, names.join(", "));
    assert.equal(graph.nodes.filter(({ role }) => role === "sink").length, 3);
  });

  it("are filled once by CREATE TABLE … AS, whatever statements follow (SCPL1)", async () => {
    const graph = await buildStreamGraph(
      jobWith((tables) => {
        tables.execute("CREATE TABLE o WITH ('connector' = 'blackhole') AS SELECT id FROM orders");
        tables.execute("INSERT INTO o SELECT id FROM orders WHERE amount > 2");
      }),
    );
    assert.equal(graph.nodes.filter(({ role }) => role === "sink").length, 2);
  });
});

describe("what is wrong with tables in a job", () => {
  const refused: Readonly<Record<string, readonly [build: Describe, code: string, message: RegExp]>> = {
    "a mistake in a later text has its place there (SCPL2)": [
      (tables) => {
        tables.execute("CREATE VIEW v AS SELECT id FROM orders");
        tables.sql("SELECT\n  idd FROM v");
      },
      "SQL_INVALID",
      /^sql:2:3: there is no column idd\n2 \|   idd FROM v\n {2}\| {3}\^\^\^\nDid you mean id\?/,
    ],
    "an option of a table": [
      (tables) =>
        tables.execute(
          "CREATE TABLE o (id BIGINT) WITH ('connector' = 'blackhol'); INSERT INTO o SELECT id FROM orders",
        ),
      "SQL_INVALID",
      /^sql:1:34: table o: there is no connector 'blackhol'\n.*\n.*\^+\nDid you mean 'blackhole'\?$/,
    ],
    "a table that cannot be read": [
      (tables) => {
        tables.execute("CREATE TABLE o (id BIGINT) WITH ('connector' = 'blackhole')");
        tables.sql("SELECT * FROM o");
      },
      "SQL_INVALID",
      /table o: the connector \w+ is only written/,
    ],
    "a result that changes as a stream": [
      (tables) => void tables.sql("SELECT COUNT(*) AS n FROM orders").toStream(),
      "JOB_GRAPH_INVALID",
      /changes.*toRetractStream or toChangelogStream/,
    ],
    "a column that no stream has": [
      (tables) => void tables.sql("SELECT INTERVAL '1' DAY AS d FROM orders").toStream(),
      "JOB_GRAPH_INVALID",
      /the column d: .*CAST/,
    ],
    "statements where a query is asked for": [
      (tables) => void tables.sql("CREATE VIEW v AS SELECT 1 AS a"),
      "SQL_INVALID",
      /Use execute\(\)/,
    ],
    "a query where statements are asked for": [
      (tables) => tables.execute("SELECT * FROM orders"),
      "SQL_INVALID",
      /by sql\(\)/,
    ],
    "a name twice": [
      (tables, env) => tables.table("orders", env.fromCollection(orders, { type: Order, uid: "again" })),
      "JOB_GRAPH_INVALID",
      /table orders: there is a table of that name/,
    ],
    "no fields": [
      (tables, env) => tables.table("n", env.fromCollection([{}], { uid: "n" })),
      "JOB_GRAPH_INVALID",
      /table n: its records are of type any, which has no fields.*t\.record/,
    ],
    "fields that may be missing": [
      (tables, env) =>
        tables.table("n", env.fromCollection([{}], { uid: "n", type: t.record({ a: t.optional(t.string) }) })),
      "JOB_GRAPH_INVALID",
      /may lack the field a/,
    ],
    "a rowtime that is none": [
      (tables, env) => tables.table("n", env.fromCollection(orders, { uid: "n", type: Order }), { rowtime: "user" }),
      "JOB_GRAPH_INVALID",
      /its rowtime user is of type/,
    ],
    "a rowtime that is not there": [
      (tables, env) => tables.table("n", env.fromCollection(orders, { uid: "n", type: Order }), { rowtime: "ts" }),
      "JOB_GRAPH_INVALID",
      /it has no field ts\. Its fields are id, user/,
    ],
    "an option that there is not": [
      (tables, env) =>
        tables.table("n", env.fromCollection(orders, { uid: "n", type: Order }), { rowTime: "seen" } as object),
      "OPTION_UNKNOWN",
      /rowTime/,
    ],
  };
  for (const [name, [build, code, message]] of Object.entries(refused))
    it(name, async () => {
      await assert.rejects(buildStreamGraph(jobWith(build)), { code, message });
    });

  it("options of the environment", async () => {
    const build = (options: object) => buildStreamGraph(jobWith(() => undefined, options));
    await assert.rejects(build({ mod: "batch" }), {
      code: "OPTION_UNKNOWN",
      message: /mod\. There are mode, timeZone/,
    });
    await assert.rejects(build({ mode: "bach" }), { code: "OPTION_INVALID", message: /"bach"/ });
    for (const [miniBatch, message] of [
      [{ allowLatency: "soon", size: 5 }, /allowLatency: "soon" is not a duration/],
      [{ allowLatency: 0, size: 5 }, /allowLatency is 0; say a duration above 0/],
      [{ allowLatency: "1 s", size: 0.5 }, /size is 0\.5; say a whole number from 1/],
    ] as const)
      await assert.rejects(build({ miniBatch }), { code: "OPTION_INVALID", message });
  });
});
