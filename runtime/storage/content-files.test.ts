/** Files named by content, and reading them back verified. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamError } from "../../base/index.ts";
import { ContentFiles } from "./content-files.ts";
import { MemoryObjectStore } from "./memory-object-store.ts";
import { sha256Hex, verifiedRead } from "./verified-read.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("ContentFiles", () => {
  it("names a file by the hash of all its pieces and shows it at close only (COF1)", async () => {
    const store = new MemoryObjectStore("cf1");
    const file = await new ContentFiles(store, "data/1-1").create();
    await file.write(bytes("ab"));
    await file.write(bytes("cd"));
    assert.deepEqual(await store.list(""), []);
    const stored = await file.close();
    assert.deepEqual(stored, {
      key: `data/1-1/${sha256Hex(bytes("abcd"))}`,
      sha256: sha256Hex(bytes("abcd")),
      length: 4,
    });
    assert.deepEqual(await verifiedRead(store, stored), bytes("abcd"));
  });

  it("drops an upload of content that is there, and writes over one that is not whole (COF2)", async () => {
    const store = new MemoryObjectStore("cf2");
    const key = `data/${sha256Hex(bytes("abc"))}`;
    await store.put(key, bytes("a"));
    for (let round = 0; round < 2; round++) {
      const file = await new ContentFiles(store, "data").create();
      await file.write(bytes("abc"));
      assert.equal((await file.close()).key, key);
      assert.equal((await store.stat(key))?.length, 3);
    }
    assert.equal((await store.list("")).length, 1);
  });

  it("leaves nothing after abort", async () => {
    const store = new MemoryObjectStore("cf3");
    const file = await new ContentFiles(store, "data").create();
    await file.write(bytes("abc"));
    await file.abort();
    assert.deepEqual(await store.list(""), []);
  });
});

describe("verifiedRead finds a file that is", () => {
  const body = bytes("0123456789");
  const expected = { key: "data/x", sha256: sha256Hex(body), length: body.length };
  const damages: Record<string, [Uint8Array | null, RegExp, "retry" | "terminal"]> = {
    "missing, which may be so for this process only": [null, /memory:\/\/vr\/data\/x is missing/, "retry"],
    truncated: [body.subarray(0, 7), /is truncated: 7 of 10 bytes/, "terminal"],
    "too long": [bytes("0123456789x"), /has 11 bytes instead of 10/, "terminal"],
    "changed in one bit": [bytes("0123456788"), /its sha256 is .* instead of/, "terminal"],
  };
  for (const [damage, [held, message, destiny]] of Object.entries(damages)) {
    it(damage, async () => {
      const store = new MemoryObjectStore("vr");
      if (held !== null) await store.put(expected.key, held);
      await assert.rejects(verifiedRead(store, expected), (error: StreamError) => {
        assert.deepEqual([error.code, error.destiny], ["CHECKPOINT_CORRUPT", destiny]);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
