/** The examples of docs/redis.md compile, and do on a real server what the page says. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import type { Job } from "../../runtime/api/index.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { PageExamples } from "../docs/page-examples.ts";
import { redisPart, testPart } from "../environment/index.ts";

const examples = new PageExamples("docs/redis.md");
const redis = await testPart(redisPart);
/** Of the server's databases; other files have another one. */
const DATABASE = 7;
let client: Redis;

before(async () => {
  if (redis.skip !== false) return;
  client = new Redis({ ...redis.gives(), db: DATABASE, lazyConnect: true });
  client.on("error", () => undefined); // The server of a file that runs alone ends first.
  await client.connect();
  await client.flushdb();
});
after(() => client?.disconnect());

const args = (): string[] => [`redis://${redis.gives().host}:${redis.gives().port}/${DATABASE}`];

describe("the examples of docs/redis.md", () => {
  it("compile", async () => {
    assert.deepEqual(examples.names, ["cities.ts", "counts.ts"]);
    assert.equal(await examples.typeErrors(), "");
  });

  it("look up cities", { skip: redis.skip }, async () => {
    await client.hset("AsyncReadRedis", { 1: "beijing", 2: "shanghai" });
    const { default: cities } = (await examples.load("cities.ts")) as { default: Job };
    await using driver = await JobDriver.start(cities, {
      args: args(),
      patience: "60s",
    });
    await driver.run();
    assert.deepEqual(driver.output("print"), [
      { id: "1", name: "beijing" },
      { id: "2", name: "shanghai" },
      { id: "10", name: null },
    ]);
  });

  it("write counts into a hash, and their changes into a stream, once", { skip: redis.skip }, async () => {
    const { default: counts } = (await examples.load("counts.ts")) as { default: Job };
    for (let run = 0; run < 2; run++) {
      await using driver = await JobDriver.start(counts, {
        args: args(),
        keepSinks: ["hash", "stream"],
        patience: "60s",
      });
      await driver.run();
    }
    assert.deepEqual({ ...(await client.hgetall("counts")) }, { to: "2", be: "2", or: "1", not: "1" });
    const changes = (await client.xrange("changes", "-", "+")).map(([, [, word, , count]]) => `${word}-${count}`);
    assert.deepEqual(changes.toSorted(), ["be-1", "be-2", "not-1", "or-1", "to-1", "to-2"]);
  });
});
