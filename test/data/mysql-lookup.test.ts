/** Lookups in MySQL for mapAsync, on a real server. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { job, t } from "../../runtime/api/index.ts";
import { collectionSource, discardSink } from "../../runtime/connectors/basic/index.ts";
import { mysqlLookup, type MySqlLookupOptions } from "../../runtime/connectors/mysql/index.ts";
import type { AsyncOptions } from "../../runtime/ports/index.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { freePort } from "../environment/environment.ts";
import { testDatabase } from "./database.ts";
import { sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";

const mariadb = await testDatabase("lookup");
const database = mariadb.database;

type Named = { readonly id: string; readonly name: string | null };
type City = { readonly name: string };
type Options = MySqlLookupOptions<string, Named, City>;

const lookup = (more: Partial<Options> = {}): ReturnType<typeof mysqlLookup<string, Named, City>> =>
  mysqlLookup<string, Named, City>({
    server: database().address,
    sql: "select name from cities where id = ?",
    values: (id) => [id],
    join: (id, rows) => ({ id, name: rows[0]?.name ?? null }),
    ...more,
  });

/** What the job emits for these ids. */
async function answers(
  ids: readonly string[],
  more: Partial<Options> = {},
  asked: Partial<AsyncOptions<string, Named, unknown>> = {},
): Promise<readonly unknown[]> {
  const cities = job((env) => {
    env
      .fromSource(collectionSource(ids, { type: t.string }), { uid: "ids" })
      .mapAsync(lookup(more), { uid: "cities", type: t.record({ id: t.string, name: t.nullable(t.string) }), ...asked })
      .sinkTo(discardSink(), { uid: "end" });
  });
  await using driver = await JobDriver.start(cities);
  await driver.run();
  return driver.output("end");
}

describe("mysqlLookup", { skip: mariadb.skip }, () => {
  before(async () => {
    await database().run("create table cities (id varchar(10) primary key, name varchar(40) not null)");
    await database().run("insert into cities values ('1', 'beijing'), ('2', 'shanghai')");
  });

  it("finds rows for each record, in order, and tells that there is none", async () => {
    assert.deepEqual(await answers(["2", "1", "x' or '1'='1", "2"]), [
      { id: "2", name: "shanghai" },
      { id: "1", name: "beijing" },
      { id: "x' or '1'='1", name: null },
      { id: "2", name: "shanghai" },
    ]);
  });

  it("MLK1: runs no more statements at a time than it has connections", async () => {
    const sql =
      "select concat(?, '/', count(*)) as name from information_schema.processlist where db = 'lookup' and command = 'Query' and info like '%sleep%' and sleep(0.01) = 0";
    const found = (await answers(
      Array.from({ length: 40 }, (_, at) => String(at)),
      { sql, connections: 3 },
    )) as Named[];
    const running = found.map(({ name }) => Number(name?.split("/")[1]));
    assert.equal(found.length, 40);
    assert.ok(Math.max(...running) <= 3, `${Math.max(...running)} at a time`);
  });

  it("keeps answers when it is told to", async () => {
    const sql = "select connection_id() as name, ? as id, uuid() as drawn";
    const join = (id: string, rows: readonly { readonly name: string; readonly drawn?: string }[]): Named => ({
      id,
      name: String(rows[0]?.drawn),
    });
    const ids = ["a", "b", "a", "a", "b"];
    const kept = (await answers(ids, { sql, join, cache: { size: 10, ttl: "1h" } }, { capacity: 1 })) as Named[];
    assert.equal(new Set(kept.map(({ name }) => name)).size, 2);
    const fresh = (await answers(ids, { sql, join }, { capacity: 1 })) as Named[];
    assert.equal(new Set(fresh.map(({ name }) => name)).size, 5);
  });

  it("MLK2: opens a connection again that was lost, for the next attempt", async () => {
    const ended = { sql: "select name from cities where id = ? and (@asked is not null or sleep(0) = 0)" };
    const resource = await lookup(ended).open?.(sinkContext({ name: "mysql" }));
    const call = { resource, signal: new AbortController().signal, attempt: 1, timestamp: 0 };
    const one = lookup(ended);
    await database().killOthers();
    const names: (string | null)[] = [];
    for (let attempt = 0; attempt < 5 && names.length === 0; attempt++)
      await Promise.resolve(one.invoke("1", call)).then(
        ({ name }) => names.push(name),
        (error: Error) => assert.match(error.message, /could not run select name .*the restart tries again/),
      );
    assert.deepEqual(names, ["beijing"]);
    await one.close?.(resource);
  });

  it("MLK1: a call whose time is up frees its connection", async () => {
    const slow = lookup({ sql: "select sleep(600) as name from cities where id = ?", connections: 1 });
    const quick = lookup({ connections: 1 });
    const resource = await slow.open?.(sinkContext({ name: "mysql" }));
    const [first, second] = [new AbortController(), new AbortController()];
    const call = (signal: AbortSignal) => ({ resource, signal, attempt: 1, timestamp: 0 });
    const hanging = Promise.resolve(slow.invoke("1", call(first.signal)));
    const waiting = Promise.resolve(slow.invoke("2", call(second.signal)));
    second.abort(new Error("time is up"));
    await assert.rejects(waiting, /time is up/);
    first.abort(new Error("time is up"));
    await assert.rejects(hanging, /could not run select sleep/);
    assert.deepEqual(await quick.invoke("1", call(new AbortController().signal)), { id: "1", name: "beijing" });
    await slow.close?.(resource);
  });

  const refusals: Readonly<Record<string, { options: () => Promise<Partial<Options>>; says: RegExp }>> = {
    "a server that is away": {
      options: async () => ({ server: { ...database().address, port: await freePort() } }),
      says: /lookup .* \(uid cities, subtask 0\): could not prepare the query at .*ECONNREFUSED/,
    },
    "a wrong password": {
      options: async () => ({ server: { ...database().address, password: "no" } }),
      says: /Access denied for user 'streamjob'/,
    },
    "a missing table": {
      options: async () => ({ sql: "select 1 from nothing where id = ?" }),
      says: /nothing' doesn't exist/,
    },
    "a wrong column": {
      options: async () => ({ sql: "select nam from cities where id = ?" }),
      says: /Unknown column 'nam'/,
    },
  };
  for (const [what, { options, says }] of Object.entries(refusals))
    it(`refuses ${what} before the first record`, async () => {
      await assert.rejects(answers(["1"], await options()), (error: Error) => {
        assert.match(everything(error), says);
        return true;
      });
    });
});

/** An error's message and those of its causes. */
function everything(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${everything(error.cause)}` : "";
}
