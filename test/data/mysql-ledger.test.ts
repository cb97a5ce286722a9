/** The ledger of the MySQL sink on a real server: EO-1 … EO-4 and EO-12, with killed writers, and what is refused before a row is taken. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import mysql from "mysql2/promise";
import { mysqlSink, type MySqlSinkOptions } from "../../runtime/connectors/mysql/index.ts";
import { t } from "../../runtime/record/index.ts";
import { twoPhaseCommitContract } from "../../runtime/testkit/index.ts";
import { freePort } from "../environment/environment.ts";
import { TcpRelay } from "../environment/index.ts";
import { until } from "../integration/until.ts";
import { testDatabase } from "./database.ts";
import { openWriter, type WordCount, writerProcess } from "./sink-writer.ts";
import { prepared } from "../../runtime/testkit/sink-by-hand.test-support.ts";
import { settle } from "./settle.ts";
import { contractWorlds, emptyWordCount } from "./mysql-words.ts";

const mariadb = await testDatabase("ledger");
const database = mariadb.database;
const WORDS = "select word, count from t_wordcount order by word";

const options = (more: Partial<MySqlSinkOptions<WordCount>> = {}): MySqlSinkOptions<WordCount> => ({
  server: database().address,
  ...(more.sql === undefined ? { table: "t_wordcount", columns: ["word", "count"] } : {}),
  ...more,
});

/** Shows when it is written twice. */
const adding = (): MySqlSinkOptions<WordCount> =>
  options({
    sql: "insert into t_wordcount (word, count) values (?, ?) on duplicate key update count = count + values(count)",
    values: ({ word, count }) => [word, count],
  });

const ledger = (): Promise<{ writers: number; entries: number }[]> =>
  database().rows("select count(distinct writer) as writers, count(*) as entries from streamjob_ledger");

describe("a MySQL sink with a ledger", { skip: mariadb.skip }, () => {
  beforeEach(async () => {
    await emptyWordCount(database());
  });

  it("EO-1: shows nothing until the commit, and all of it then", async () => {
    const writer = await openWriter(options());
    const transaction = await prepared(writer, [
      { word: "a", count: 1 },
      { word: "b'\\\"", count: 2 },
    ]);
    assert.deepEqual(await database().rows(WORDS), []);
    assert.deepEqual(await writer.commit(transaction), { kind: "committed" });
    assert.deepEqual(await database().rows(WORDS), [
      { word: "a", count: 1 },
      { word: "b'\\\"", count: 2 },
    ]);
    await writer.close();
  });

  it("EO-2: a commit that is asked for again, by this process or another, changes nothing and says so", async () => {
    const twice = adding();
    const first = await openWriter(twice);
    const transaction = await prepared(first, [{ word: "a", count: 5 }]);
    await first.commit(transaction);
    assert.deepEqual(await first.commit(transaction), { kind: "alreadyCommitted" });
    const second = await openWriter(twice, { attempt: 2 });
    assert.deepEqual(await second.commit(transaction), { kind: "alreadyCommitted" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 5 }]);
    await first.close();
    await second.close();
  });

  it("EO-4, EO-12: rows of a writer that was killed between checkpoint and commit are written after the restore", async () => {
    const killed = await writerProcess({
      options: options(),
      where: {},
      rows: [{ word: "a", count: 1 }],
      commits: false,
    });
    await killed.kill();
    const writer = await openWriter(options(), { attempt: 2 });
    assert.deepEqual(await writer.commit(killed.transaction), { kind: "committed" });
    await writer.abortAllExcept([killed.transaction]);
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
    await writer.close();
  });

  it("EO-2: rows of a writer that was killed after the commit are not written again", async () => {
    const once = options();
    const killed = await writerProcess({ options: once, where: {}, rows: [{ word: "a", count: 7 }], commits: true });
    await killed.kill();
    const writer = await openWriter(once, { attempt: 2 });
    assert.deepEqual(await writer.commit(killed.transaction), { kind: "alreadyCommitted" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 7 }]);
    await writer.close();
  });

  it("two processes that commit the same at the same time write it once", async () => {
    const twice = adding();
    const writers = await Promise.all([1, 2, 3, 4].map((attempt) => openWriter(twice, { attempt })));
    const transaction = await prepared(writers[0] as (typeof writers)[0], [{ word: "a", count: 5 }]);
    const outcomes = await Promise.all(writers.map((writer) => writer.commit(transaction)));
    assert.deepEqual(outcomes.map(({ kind }) => kind).toSorted(), [
      "alreadyCommitted",
      "alreadyCommitted",
      "alreadyCommitted",
      "committed",
    ]);
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 5 }]);
    for (const writer of writers) await writer.close();
  });

  it("MLE1: an attempt and another job of the same name have entries of their own, so neither's rows are taken for committed", async () => {
    const wheres = [{ attempt: 1 }, { attempt: 1 }, { attempt: 2 }, { jobId: "2".repeat(32) }];
    for (const [at, where] of wheres.entries()) {
      const writer = await openWriter(options(), where);
      const outcome = await writer.commit(await prepared(writer, [{ word: `word-${at}`, count: at }]));
      assert.deepEqual(outcome, { kind: "committed" });
      await writer.close();
    }
    assert.equal((await database().rows(WORDS)).length, wheres.length);
    assert.deepEqual(await ledger(), [{ writers: 4, entries: 4 }]);
  });

  it("MLE2: the ledger keeps one entry of a writer, and knows the earlier ones by it", async () => {
    const writer = await openWriter(options({ onDuplicate: "update" }));
    const transactions: unknown[] = [];
    for (let count = 1; count <= 5; count++) {
      const transaction = await prepared(writer, [{ word: "a", count }]);
      transactions.push(transaction);
      await writer.commit(transaction);
    }
    assert.deepEqual(await ledger(), [{ writers: 1, entries: 1 }]);
    assert.deepEqual(await writer.commit(transactions[1]), { kind: "alreadyCommitted" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 5 }]);
    await writer.close();
  });

  it("EO-3: rows that the table refuses fail the job with the reason, nothing of their epoch is written, and a mended table takes them", async () => {
    const writer = await openWriter(options());
    await writer.commit(await prepared(writer, [{ word: "a", count: 1 }]));
    const transaction = await prepared(writer, [
      { word: "b", count: 2 },
      { word: "a", count: 3 },
    ]);
    const outcome = await writer.commit(transaction);
    assert.equal(outcome.kind, "impossible");
    assert.match((outcome as { reason: string }).reason, /Duplicate entry 'a' for key 'PRIMARY'/);
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
    await database().run("delete from t_wordcount");
    assert.deepEqual(await writer.commit(transaction), { kind: "committed" });
    assert.equal((await database().rows(WORDS)).length, 2);
    await writer.close();
  });

  it("MLS4: a commit of a machine that is gone, whose connection the server still has, does not hold up the next one", async (context) => {
    const { host, port } = database().address;
    const relay = await TcpRelay.start(`tcp://${host}:${port}`);
    const gone = await openWriter(options({ server: { ...database().address, port: relay.port } }));
    const writer = await openWriter(options(), { attempt: 2 });
    context.after(async () => {
      await gone.close();
      await writer.close();
      await relay.stop();
    });
    const transaction = await prepared(gone, [{ word: "a", count: 5 }]);
    const locker = await mysql.createConnection({ ...database().address });
    await locker.query("lock tables t_wordcount write");
    const commit = gone.commit(transaction);
    const waiting = "select id from information_schema.processlist where state like 'Waiting for table metadata lock'";
    await until(async () => (await database().rows(waiting)).length > 0, "the commit is in its midst");
    relay.forsake();
    assert.equal((await commit).kind, "retryLater");
    await locker.end();
    assert.deepEqual(await settle(writer, transaction), { kind: "committed" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 5 }]);
  });

  it("EO-3: a commit whose connection breaks is asked for again, and written once", async () => {
    const writer = await openWriter(options());
    const transaction = await prepared(writer, [{ word: "a", count: 1 }]);
    await database().killOthers();
    const kinds: string[] = [];
    for (let tries = 0; tries < 5 && kinds.at(-1) !== "committed"; tries++)
      kinds.push((await writer.commit(transaction)).kind);
    assert.equal(kinds.at(-1), "committed");
    assert.deepEqual(new Set(kinds.slice(0, -1)), new Set(kinds.length > 1 ? ["retryLater"] : []));
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
    await writer.close();
  });

  it("subtasks whose rows lie crosswise commit in spite of deadlocks and locks", async () => {
    const update = options({ onDuplicate: "update", batchRows: 1 });
    const writers = await Promise.all([0, 1].map((subtask) => openWriter(update, { subtask, parallelism: 2 })));
    const words = Array.from({ length: 30 }, (_, at) => ({ word: `w${at}`, count: at }));
    const transactions = await Promise.all(
      writers.map((writer, at) => prepared(writer, at === 0 ? words : words.toReversed())),
    );
    await Promise.all(
      writers.map(async (writer, at) => {
        for (let tries = 0; tries < 50; tries++) {
          const outcome = await writer.commit(transactions[at]);
          if (outcome.kind === "committed") return;
          assert.equal(outcome.kind, "retryLater", JSON.stringify(outcome));
        }
        assert.fail("not committed in 50 attempts");
      }),
    );
    assert.equal((await database().rows(WORDS)).length, 30);
    for (const writer of writers) await writer.close();
  });

  it("MLS3: an epoch that is longer than its limit fails the task and names the way out", async () => {
    const writer = await openWriter(options({ epochBytesMax: 100 }));
    await assert.rejects(
      prepared(
        writer,
        Array.from({ length: 20 }, (_, at) => ({ word: `word-${at}`, count: at })),
      ),
      /longer than epochBytesMax \(100 bytes, \d+ rows\); take checkpoints more often, .* or take the mode xa/,
    );
    await writer.close();
  });

  it("writes the values of declared types as MySQL reads them", async () => {
    await database().run(
      "create or replace table kinds (id int primary key, price decimal(10,2), at datetime(3), bits varbinary(8), note text, flag boolean, big bigint)",
    );
    const type = t.record({
      id: t.int32,
      price: t.decimal(2),
      at: t.timestamp,
      bits: t.bytes,
      note: t.nullable(t.string),
      flag: t.boolean,
      big: t.bigint,
    });
    const writer = await openWriter({ server: database().address, table: "kinds", type });
    await writer.commit(
      await prepared(writer, [
        {
          id: 1,
          price: -1234n,
          at: Date.UTC(2026, 10, 30, 23, 59, 59, 7),
          bits: new Uint8Array([0, 39, 255]),
          note: null,
          flag: true,
          big: -(2n ** 63n),
        },
        { id: 2, price: 5n, at: 0, bits: new Uint8Array(), note: "🚲 ?\n';--", flag: false, big: 0n },
      ]),
    );
    assert.deepEqual(
      await database().rows(
        "select cast(price as char) p, cast(at as char) a, hex(bits) b, note, flag, cast(big as char) g from kinds order by id",
      ),
      [
        { p: "-12.34", a: "2026-11-30 23:59:59.007", b: "0027FF", note: null, flag: 1, g: "-9223372036854775808" },
        { p: "0.05", a: "1970-01-01 00:00:00.000", b: "", note: "🚲 ?\n';--", flag: 0, g: "0" },
      ],
    );
    await writer.close();
  });
});

describe("a MySQL sink with a ledger refuses before a row is taken", { skip: mariadb.skip }, () => {
  const refusals: Readonly<
    Record<string, { options: () => Promise<Partial<MySqlSinkOptions<WordCount>>>; says: RegExp }>
  > = {
    "a server that is away": {
      options: async () => ({ server: { ...database().address, port: await freePort() } }),
      says: /could not connect at streamjob@127\.0\.0\.1:\d+\/ledger: .*ECONNREFUSED.*; check that the server runs/,
    },
    "a wrong password": {
      options: async () => ({ server: { ...database().address, password: "no" } }),
      says: /could not connect .*Access denied for user 'streamjob'.*check the user, its password/,
    },
    "a missing database": {
      options: async () => ({ server: { ...database().address, database: "nowhere" } }),
      says: /Unknown database 'nowhere'/,
    },
    "a missing table": {
      options: async () => ({ table: "nothing" }),
      says: /could not find the table and its columns .*Table 'ledger\.nothing' doesn't exist/,
    },
    "a wrong column": {
      options: async () => ({ columns: ["word", "cuont" as "count"] }),
      says: /Unknown column 'cuont'/,
    },
    "a statement of one's own with a fault": {
      options: async () => ({
        sql: "insert in t_wordcount values (?, ?)",
        values: () => [],
      }),
      says: /You have an error in your SQL syntax/,
    },
    "a table that cannot roll back": {
      options: async () => {
        await database().run("create or replace table old (word varchar(10), count int) engine = MyISAM");
        return { table: "old" };
      },
      says: /old is of engine MyISAM, which cannot roll back.*alter table old engine = InnoDB/,
    },
  };
  for (const [what, { options: change, says }] of Object.entries(refusals))
    it(what, async () => {
      await database().run(
        "create table if not exists t_wordcount (word varchar(100) primary key, count bigint not null)",
      );
      await assert.rejects(openWriter(options(await change()) as MySqlSinkOptions<WordCount>), says);
    });
});

describe("a MySQL sink with a ledger keeps the contract of exactly-once sinks", { skip: mariadb.skip }, () => {
  const createWorld = contractWorlds(database, (common) => mysqlSink(common));
  for (const { name, run } of twoPhaseCommitContract(createWorld, { runs: 15 })) it(name, run);
});
