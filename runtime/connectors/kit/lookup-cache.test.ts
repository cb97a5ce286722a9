import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../testkit/index.ts";
import { checkCache, LookupCache } from "./lookup-cache.ts";

function counted(cache: LookupCache<string>): { ask(question: string): Promise<string>; readonly asked: string[] } {
  const asked: string[] = [];
  const ask = async (question: string): Promise<string> =>
    cache.get(question, async () => {
      asked.push(question);
      await Promise.resolve();
      return `${question}!`;
    });
  return { ask, asked };
}

function abortable(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

const forEver = { size: 9, ttlMs: Number.POSITIVE_INFINITY, idleMs: Number.POSITIVE_INFINITY, keepsMissing: true };
const isMissing = (answer: string): boolean => answer.startsWith("no ");

describe("LookupCache", () => {
  it("asks once for all that want the same at a time, and again afterwards when nothing is kept", async () => {
    const { ask, asked } = counted(new LookupCache<string>(null, new ManualClock(), isMissing));
    assert.deepEqual(await Promise.all(["a", "b", "a", "a"].map(ask)), ["a!", "b!", "a!", "a!"]);
    assert.deepEqual(asked, ["a", "b"]);
    await ask("a");
    assert.deepEqual(asked, ["a", "b", "a"]);
  });

  it("LCA1: keeps an answer for its time, and of more than its size those asked for last", async () => {
    const clock = new ManualClock();
    const { ask, asked } = counted(new LookupCache<string>({ ...forEver, size: 2, ttlMs: 100 }, clock, isMissing));
    await ask("a");
    await ask("b");
    await ask("a");
    await ask("c"); // b was not asked for longest.
    await ask("a");
    assert.deepEqual(asked.splice(0), ["a", "b", "c"]);
    await ask("b");
    assert.deepEqual(asked.splice(0), ["b"]);
    clock.advance(100);
    await ask("a");
    assert.deepEqual(asked, ["a"]);
  });

  it("LCA1: keeps an answer as long as it is asked for, and what is missing only where it is told so", async () => {
    const clock = new ManualClock();
    const { ask, asked } = counted(
      new LookupCache<string>({ ...forEver, idleMs: 100, keepsMissing: false }, clock, isMissing),
    );
    await ask("a");
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(99);
      await ask("a");
    }
    await ask("no b");
    await ask("no b");
    assert.deepEqual(asked.splice(0), ["a", "no b", "no b"]);
    clock.advance(100);
    await ask("a");
    assert.deepEqual(asked, ["a"]);
  });

  for (const [what, limit] of [
    ["since it was written", { ttlMs: 100 }],
    ["since it was asked for", { idleMs: 100 }],
  ] as const)
    it(`LCA1: lets go of what is over ${what}, also of what nobody asks for again`, async () => {
      const clock = new ManualClock();
      const cache = new LookupCache<string>({ ...forEver, size: 1000, ...limit }, clock, isMissing);
      const { ask, asked } = counted(cache);
      for (let turn = 0; turn < 300; turn++) {
        clock.advance(10);
        await ask(`only ${turn}`);
        await ask("often");
      }
      assert.ok(cache.size <= 21, `${cache.size} answers are kept`);
      assert.equal(asked.filter((question) => question === "often").length, "ttlMs" in limit ? 30 : 1);
    });

  it("LCA1: does not keep a failure", async () => {
    const cache = new LookupCache<string>({ ...forEver, size: 2, ttlMs: 100 }, new ManualClock(), isMissing);
    await assert.rejects(async () => cache.get("a", () => Promise.reject(new Error("away"))), /away/);
    assert.equal(await cache.get("a", () => Promise.resolve("here")), "here");
  });

  it("LCA2: does not give up for the others when the time of the one that asked is up", async () => {
    const cache = new LookupCache<string>(null, new ManualClock(), isMissing);
    const { signal, abort } = abortable();
    const given = {
      signal,
      ask: () =>
        new Promise<string>((_, reject) => signal.addEventListener("abort", () => reject(new Error("time is up")))),
    };
    const first = Promise.resolve(cache.get("a", given.ask, given.signal));
    const second = Promise.resolve(cache.get("a", () => Promise.resolve("here"), new AbortController().signal));
    abort();
    await assert.rejects(first, /time is up/);
    assert.equal(await second, "here");
  });

  it("refuses a size or time that is none", () => {
    assert.throws(() => checkCache("redis", { size: 0, ttl: "1s" }), /cache.size is 0; give a whole number from 1/);
    assert.throws(() => checkCache("redis", { size: 1, ttl: "soon" as "1s" }), /cache.ttl/);
  });
});
