/** Lookups and writes in Redis, on a real server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "ioredis";
import { systemClock } from "../../base/index.ts";
import {
  redisLookup,
  type RedisLookupOptions,
  redisSink,
  type RedisSinkOptions,
} from "../../runtime/connectors/redis/index.ts";
import type { SinkWriter } from "../../runtime/ports/index.ts";
import { sinkContract } from "../../runtime/testkit/index.ts";
import { redisPart, testPart } from "../environment/index.ts";
import { freePort } from "../environment/environment.ts";
import { sinkContext } from "../../runtime/testkit/sink-by-hand.test-support.ts";

const redis = await testPart(redisPart);
let client: Redis;
const PREFIX = "connector:";
const key = (name: string): string => PREFIX + name;

before(async () => {
  if (redis.skip !== false) return;
  client = new Redis({ ...redis.gives(), lazyConnect: true });
  client.on("error", () => undefined); // The server of a file that runs alone ends first.
  await client.connect();
  const keys = await client.keys(`*${PREFIX}*`);
  if (keys.length > 0) await client.del(keys);
});
after(() => client?.disconnect());

type Named = { readonly id: string; readonly name: string | null };
type Lookup = Parameters<typeof redisLookup<string, Named>>[0];

/** Opened; what it is asked, and how it ends. */
async function opened(options: Partial<Lookup>): Promise<{ ask(id: string): Promise<Named>; close(): void }> {
  const given = { server: redis.gives(), join: (id: string, name: string | null) => ({ id, name }), ...options };
  const lookup = redisLookup<string, Named>(given as RedisLookupOptions<string, Named>);
  const { uid, name, subtask, parallelism, clock, log, metrics } = sinkContext({ clock: systemClock });
  const resource = await lookup.open?.({ uid, name, subtask, parallelism, clock, log, metrics });
  const { signal } = new AbortController();
  return {
    ask: async (id) => lookup.invoke(id, { resource, signal, attempt: 1, timestamp: 0 }),
    close: () => void lookup.close?.(resource),
  };
}

/** How many commands the server has got, but for this question. */
async function commands(name: string): Promise<number> {
  const stats = await client.info("commandstats");
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

const NAMES = { 1: "beijing", 2: "shanghai", 3: "guangzhou" };
const hashOptions: Partial<Lookup> = { hash: key("cities"), field: (id) => id };

describe("redisLookup", { skip: redis.skip }, () => {
  before(async () => void (await client.hset(key("cities"), NAMES)));

  it("finds fields of a hash, and keys, and tells that there is none", async () => {
    const fields = await opened(hashOptions);
    assert.deepEqual(await Promise.all(["3", "1", "9"].map(fields.ask)), [
      { id: "3", name: "guangzhou" },
      { id: "1", name: "beijing" },
      { id: "9", name: null },
    ]);
    fields.close();
    await client.set(key("city:1"), "wuhan");
    const keys = await opened({ key: (id) => key(`city:${id}`) });
    assert.deepEqual(await Promise.all(["1", "2"].map(keys.ask)), [
      { id: "1", name: "wuhan" },
      { id: "2", name: null },
    ]);
    keys.close();
  });

  it("RDL1: asks once for what several records want at a time, and not at all for what it keeps", async () => {
    const fields = await opened(hashOptions);
    const before = await commands("hget");
    await Promise.all(["1", "1", "2", "1", "2"].map(fields.ask));
    assert.equal((await commands("hget")) - before, 2);
    fields.close();
    const keeping = await opened({ ...hashOptions, cache: { size: 10, ttl: "1h" } });
    await keeping.ask("1");
    await client.hset(key("cities"), "1", "changed");
    assert.equal((await keeping.ask("1")).name, "beijing");
    await client.hset(key("cities"), NAMES);
    keeping.close();
  });

  it("RDC1: connects again after a loss, for the next attempt", async () => {
    const fields = await opened(hashOptions);
    await fields.ask("1");
    const others = ((await client.client("LIST")) as string).split("\n").filter((line) => / cmd=hget /.test(line));
    for (const line of others) await client.client("KILL", "ID", /^id=(\d+)/.exec(line)?.[1] ?? "");
    const names: unknown[] = [];
    for (let attempt = 0; attempt < 20 && names.length === 0; attempt++)
      await fields.ask("1").then(
        ({ name }) => names.push(name),
        (error: Error) =>
          assert.match(error.message, /could not look up 1 of connector:cities at .*the restart tries again/),
      );
    assert.deepEqual(names, ["beijing"]);
    fields.close();
  });

  it("says what is wrong: the server away, the password, the type of the value", async () => {
    const port = await freePort();
    await assert.rejects(opened({ ...hashOptions, server: { host: "127.0.0.1", port } }), {
      code: "LOOKUP_FAILED",
      message: new RegExp(`could not connect at 127\\.0\\.0\\.1:${port}: .*ECONNREFUSED.*; check that the server runs`),
    });
    await client.call("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@all");
    const server = { ...redis.gives(), username: "reader", password: "wrong" };
    await assert.rejects(opened({ ...hashOptions, server }), (error: Error & { destiny?: string }) => {
      assert.match(error.message, /WRONGPASS .*; check the user's name, password and rights/);
      assert.doesNotMatch(error.message, /wrong;/);
      assert.equal(error.destiny, "terminal");
      return true;
    });
    const right = await opened({ ...hashOptions, server: { ...server, password: "secret" } });
    assert.equal((await right.ask("1")).name, "beijing");
    right.close();
    const wrongType = await opened({ key: () => key("cities") });
    await assert.rejects(wrongType.ask("1"), /WRONGTYPE .*; the key holds another type of value; choose another key/);
    wrongType.close();
  });
});

type Word = { readonly word: string; readonly count: number };

async function writer(options: object): Promise<Required<SinkWriter<Word>>> {
  const sink = redisSink<Word>({ server: redis.gives(), ...options } as RedisSinkOptions<Word>);
  const opened = sink.createWriter(sinkContext({ name: "mysql" })) as Required<SinkWriter<Word>>;
  await opened.open();
  return opened;
}

async function write(options: object, words: readonly Word[]): Promise<void> {
  const one = await writer(options);
  try {
    for (const word of words) await one.write(word, 0);
    await one.flush();
  } finally {
    await one.close();
  }
}

const words: readonly Word[] = [
  { word: "a", count: 1 },
  { word: "b", count: 1 },
  { word: "a", count: 2 },
];

describe("redisSink", { skip: redis.skip }, () => {
  it("writes fields and keys, the last value of each, however often it is repeated", async () => {
    const hash = { hash: key("counts"), field: ({ word }: Word) => word, value: ({ count }: Word) => count };
    await write(hash, words);
    await write(hash, words);
    assert.deepEqual({ ...(await client.hgetall(key("counts"))) }, { a: "2", b: "1" });
    await write(
      { key: ({ word }: Word) => key(word), value: ({ count }: Word) => count, ttl: "1h", batchSize: 2 },
      words,
    );
    assert.equal(await client.get(key("a")), "2");
    assert.ok((await client.pttl(key("b"))) > 0);
  });

  it("deletes fields and keys whose value is null", async () => {
    const value = ({ count }: Word): number | null => (count === 0 ? null : count);
    const changes = [...words, { word: "a", count: 0 }];
    await write({ hash: key("gone"), field: ({ word }: Word) => word, value }, changes);
    assert.deepEqual({ ...(await client.hgetall(key("gone"))) }, { b: "1" });
    await write({ key: ({ word }: Word) => key(`gone:${word}`), value }, changes);
    assert.deepEqual([await client.get(key("gone:a")), await client.get(key("gone:b"))], [null, "1"]);
  });

  it("RDS2: appends an entry to a stream once, however often it is written", async () => {
    const stream = {
      stream: key("stream"),
      id: ({ word, count }: Word) => `${word}-${count}`,
      fields: ({ word, count }: Word) => ({ word, count, bytes: new Uint8Array([65]) }),
    };
    await write(stream, words);
    await write(stream, [...words, { word: "c", count: 1 }]);
    const entries = await client.xrange(key("stream"), "-", "+");
    assert.deepEqual(
      entries.map(([, fields]) => fields),
      [...words, { word: "c", count: 1 }].map(({ word, count }) => [
        "word",
        word,
        "count",
        String(count),
        "bytes",
        "A",
      ]),
    );
    await write({ ...stream, lengthMax: 1, id: ({ word }: Word) => `other-${word}` }, words);
  });

  it("says what is wrong: the server away before the first record, the type of the value with the first batch", async () => {
    const port = await freePort();
    await assert.rejects(
      writer({ server: { host: "127.0.0.1", port }, hash: "h", field: String, value: String }),
      /sink mysql \(uid sink, subtask 0\): could not connect at .*ECONNREFUSED/,
    );
    await client.set(key("text"), "x");
    await assert.rejects(write({ hash: key("text"), field: String, value: () => 1 }, words), {
      code: "SINK_FAILED",
      destiny: "terminal",
      message: /could not write 3 records at .*WRONGTYPE/,
    });
  });

  let worlds = 0;
  const createWorld = async () => {
    const stream = key(`world:${worlds++}`);
    await client.call("ACL", "SETUSER", "crashing", "on", ">secret", "~*", "+@all");
    return {
      makeSink: () =>
        redisSink<string>({
          server: { ...redis.gives(), username: "crashing", password: "secret" },
          stream,
          id: (record) => record,
          fields: (record) => ({ record }),
          batchSize: 7,
        }),
      readWritten: async () => (await client.xrange(stream, "-", "+")).map(([, [, record = ""]]) => record),
      // Writers that have crashed are still connected.
      dispose: async () => void (await client.call("CLIENT", "KILL", "USER", "crashing")),
    };
  };
  for (const { name, run } of sinkContract(createWorld)) it(`a Redis sink ${name}`, run);
});
