/** The contract that every adapter of the ObjectStore port keeps: registered with node:test, for one kind of store. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { AssertionFailure, seededRandom } from "../../base/index.ts";
import type { ObjectStore } from "./object-store.ts";
import { probeStore } from "./probe-store.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | null): string | null => (body === null ? null : new TextDecoder().decode(body));
const keys = async (store: ObjectStore, prefix = ""): Promise<string[]> =>
  (await store.list(prefix)).map((object) => object.key);

/** `make`: an empty store, for each test another one. `skip`: why there is none here. */
export function storeContract(
  name: string,
  make: (t: TestContext) => Promise<ObjectStore>,
  skip: false | string = false,
): void {
  describe(`the ${name} store keeps the contract of ObjectStore`, { skip }, () => {
    it("answers null for what is not there, and lists nothing", async (t) => {
      const store = await make(t);
      assert.equal(await store.read("chk/1"), null);
      assert.equal(await store.stat("chk/1"), null);
      assert.deepEqual(await store.list(""), []);
      await store.delete("chk/1");
    });

    it("reads back what was put, the newest of it", async (t) => {
      const store = await make(t);
      await store.put("a/b/c", bytes("one"));
      await store.put("a/b/c", bytes("second"));
      assert.equal(text(await store.read("a/b/c")), "second");
      assert.deepEqual(await store.stat("a/b/c"), { key: "a/b/c", length: 6 });
      await store.put("empty", new Uint8Array());
      assert.equal((await store.read("empty"))?.length, 0);
    });

    it("is not changed by who keeps an array given to it or got from it", async (t) => {
      const store = await make(t);
      const body = bytes("kept");
      await store.put("x", body);
      body.fill(0);
      (await store.read("x"))?.fill(0);
      assert.equal(text(await store.read("x")), "kept");
    });

    it("tells exactly one of many concurrent creators `created` (OBS1)", async (t) => {
      const store = await make(t);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.createIfAbsent("epochs/1", bytes(`writer ${index}`))),
      );
      assert.equal(outcomes.filter((outcome) => outcome === "created").length, 1);
      assert.equal(text(await store.read("epochs/1")), `writer ${outcomes.indexOf("created")}`);
      assert.equal(await store.createIfAbsent("epochs/1", bytes("late")), "exists");
      await store.delete("epochs/1");
      assert.equal(await store.createIfAbsent("epochs/1", bytes("again")), "created");
    });

    it("shows a written object whole at close, and nothing before or after abort (OBS2)", async (t) => {
      const store = await make(t);
      const writer = await store.openWriter("data/x");
      await writer.write(bytes("one "));
      await writer.write(bytes("two"));
      assert.deepEqual(await store.list(""), []);
      await writer.close("data/final");
      assert.deepEqual(await store.list(""), [{ key: "data/final", length: 7 }]);
      assert.equal(text(await store.read("data/final")), "one two");
      const aborted = await store.openWriter("data/y");
      await aborted.write(bytes("gone"));
      await aborted.abort();
      await aborted.abort();
      assert.deepEqual(await keys(store), ["data/final"]);
    });

    it("lists by prefix, also one cut inside a name, sorted by key", async (t) => {
      const store = await make(t);
      for (const key of ["chk/10", "chk/9", "chk2/1", "data/a/z", "data/a-b", "data/a/b/c", "top"])
        await store.put(key, bytes(key));
      assert.deepEqual(await keys(store), ["chk/10", "chk/9", "chk2/1", "data/a-b", "data/a/b/c", "data/a/z", "top"]);
      assert.deepEqual(await keys(store, "chk/"), ["chk/10", "chk/9"]);
      assert.deepEqual(await keys(store, "chk"), ["chk/10", "chk/9", "chk2/1"]);
      assert.deepEqual(await keys(store, "data/a"), ["data/a-b", "data/a/b/c", "data/a/z"]);
      assert.deepEqual(await keys(store, "nothing/"), []);
    });

    it("refuses keys that leave the store or hide in it (OBS4)", async (t) => {
      const store = await make(t);
      for (const key of [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/../b",
        "./a",
        ".tmp/a",
        "a\\b",
        "a\0b",
        "ü",
        "a".repeat(1025),
      ]) {
        await assert.rejects(async () => store.read(key), AssertionFailure, JSON.stringify(key));
        await assert.rejects(async () => store.put(key, bytes("x")), AssertionFailure, JSON.stringify(key));
      }
    });

    for (const writers of [2, 3, 30]) {
      it(`survives ${writers} writers and deleters in the same folder at the same time`, async (t) => {
        const store = await make(t);
        for (let round = 0; round < 60 / writers; round++) {
          await Promise.all(
            Array.from({ length: writers }, async (_, index) => {
              const key = `data/${index % 3}/${index}`;
              await store.put(key, bytes(key));
              await store.delete(key);
              await store.put(key, bytes(key));
            }),
          );
          assert.equal((await store.list("data/")).length, writers);
          // The last delete takes the folders along, so that the next round begins with none.
          await Promise.all((await store.list("")).map(({ key }) => store.delete(key)));
        }
      });
    }

    it("passes the probe, which leaves nothing behind", async (t) => {
      const store = await make(t);
      await probeStore(store, seededRandom(1));
      assert.deepEqual(await store.list(""), []);
    });
  });
}
