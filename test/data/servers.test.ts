/** What the connectors build on holds on the servers of this group. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import { redisPart, testPart } from "../environment/index.ts";
import { testDatabase } from "./database.ts";

const mariadb = await testDatabase("servers");
const redis = await testPart(redisPart);

describe("MariaDB, by mysql2", { skip: mariadb.skip }, () => {
  it("commits a prepared XA branch from another connection only once its own is gone, and says XAER_NOTA before and after", async () => {
    const database = mariadb.database();
    await database.run("create table t (a int primary key)");
    const [preparing, other] = [
      await mysql.createConnection(database.address),
      await mysql.createConnection(database.address),
    ];
    await preparing.query("xa start 'servers'");
    await preparing.query("insert into t values (1)");
    await preparing.query("xa end 'servers'");
    await preparing.query("xa prepare 'servers'");
    const [rows] = await preparing.query<mysql.RowDataPacket[]>("select connection_id() as id");
    const recovered = async (): Promise<unknown[]> =>
      (await database.rows<{ data: Buffer | string }>("xa recover")).map(({ data }) => String(data));
    assert.ok((await recovered()).includes("servers"));
    await assert.rejects(other.query("xa commit 'servers'"), { code: "ER_XAER_NOTA" });
    assert.deepEqual(await database.rows("select a from t"), []);
    preparing.on("error", () => undefined);
    await other.query(`kill ${String(rows[0]?.["id"])}`);
    for (const until = Date.now() + 60_000; ; ) {
      try {
        await other.query("xa commit 'servers'");
        break;
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
    assert.deepEqual(await database.rows("select a from t"), [{ a: 1 }]);
    await assert.rejects(other.query("xa commit 'servers'"), { code: "ER_XAER_NOTA" });
    assert.ok(!(await recovered()).includes("servers"));
    preparing.destroy();
    await other.end();
  });
});

describe("Redis, by ioredis", { skip: redis.skip }, () => {
  it("answers requests of one turn in their order", async () => {
    const client = new Redis({ ...redis.gives(), lazyConnect: true });
    await client.connect();
    try {
      await client.hset("servers:cities", { 1: "beijing", 2: "shanghai" });
      const answers = await Promise.all(["2", "1", "9"].map((id) => client.hget("servers:cities", id)));
      assert.deepEqual(answers, ["shanghai", "beijing", null]);
      await client.del("servers:cities");
    } finally {
      client.disconnect();
    }
  });
});
