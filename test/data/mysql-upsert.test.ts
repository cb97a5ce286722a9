/** Upserts of the MySQL sink on a real server: at least once, by rows that are written again without harm. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { mysqlSink, type MySqlSinkOptions } from "../../runtime/connectors/mysql/index.ts";
import { sinkContract } from "../../runtime/testkit/index.ts";
import { testDatabase } from "./database.ts";
import { openPlainWriter, type WordCount } from "./sink-writer.ts";

const mariadb = await testDatabase("upsert");
const database = mariadb.database;

const options = (more: Partial<MySqlSinkOptions<WordCount>> = {}): MySqlSinkOptions<WordCount> => ({
  server: database().address,
  table: "t_wordcount",
  columns: ["word", "count"],
  ...more,
});

describe("a MySQL sink of upserts", { skip: mariadb.skip }, () => {
  beforeEach(async () => {
    await database().run("create or replace table t_wordcount (word varchar(100) primary key, count bigint not null)");
  });

  it("writes batches as they fill, the rest when it is flushed, and the last value of each key", async () => {
    const writer = await openPlainWriter(options({ batchRows: 2 }));
    await writer.write({ word: "a", count: 1 }, 0);
    await writer.write({ word: "b", count: 1 }, 0);
    assert.equal((await database().rows("select word from t_wordcount")).length, 2);
    await writer.write({ word: "a", count: 2 }, 0);
    await writer.flush();
    assert.deepEqual(await database().rows("select word, count from t_wordcount order by word"), [
      { word: "a", count: 2 },
      { word: "b", count: 1 },
    ]);
    await writer.close();
  });

  it("MUP1: subtasks whose rows lie crosswise write in spite of deadlocks", async () => {
    await database().run("alter table t_wordcount add column note varchar(10)");
    const writers = [
      await openPlainWriter(options({ batchRows: 400 })),
      await openPlainWriter(options({ batchRows: 400 })),
    ];
    const words = Array.from({ length: 400 }, (_, at) => ({ word: `w${at}`, count: at }));
    for (let round = 0; round < 5; round++)
      await Promise.all(
        writers.map(async (writer, at) => {
          for (const word of at === 0 ? words : words.toReversed()) await writer.write(word, 0);
          await writer.flush();
        }),
      );
    assert.equal((await database().rows("select word from t_wordcount")).length, 400);
    for (const writer of writers) await writer.close();
  });

  it("refuses a table that has no key among its columns, whose rows would be there twice", async () => {
    await database().run(
      "create or replace table t_wordcount (id int auto_increment primary key, word varchar(100), count bigint)",
    );
    await assert.rejects(
      openPlainWriter(options()),
      /t_wordcount has no primary or unique key within the sink's columns/,
    );
    await database().run("alter table t_wordcount add unique key (word, count)");
    await (await openPlainWriter(options())).close();
  });

  let worlds = 0;
  const createWorld = async () => {
    const table = `world_${worlds++}`;
    await database().run(`create or replace table ${table} (record varchar(40) primary key)`);
    return {
      makeSink: () =>
        mysqlSink<string>({
          server: database().address,
          mode: "upsert",
          sql: `insert into ${table} (record) values (?) on duplicate key update record = values(record)`,
          values: (record) => [record],
          batchRows: 7,
        }),
      readWritten: async () =>
        (await database().rows<{ record: string }>(`select record from ${table}`)).map(({ record }) => record),
      dispose: () => database().killOthers(),
    };
  };
  for (const { name, run } of sinkContract(createWorld)) it(name, run);
});
