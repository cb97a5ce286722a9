/** The bytes of manifests: round trip, and every damage found. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { StreamError } from "../../base/index.ts";
import { sha256Hex } from "../storage/index.ts";
import { keyedOperator, manifest } from "./builders.test-support.ts";
import type { Manifest } from "./manifest.ts";
import { decodeManifest, encodeManifest, manifestVersion } from "./manifest-codec.ts";

const WHERE = "memory://test/chk/0000000001.manifest";

function withBody(body: string): Uint8Array {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`streamjob-manifest 1 sha256=${sha256Hex(bytes)} length=${bytes.length}\n`),
    bytes,
  ]);
}

function assertCorrupt(bytes: Uint8Array, message: RegExp): void {
  assert.throws(
    () => decodeManifest(bytes, WHERE),
    (error: StreamError) => {
      assert.equal(error.code, "CHECKPOINT_CORRUPT");
      assert.equal(error.destiny, "terminal");
      assert.match(error.message, message);
      assert.ok(error.message.includes(WHERE));
      return true;
    },
  );
}

describe("a manifest", () => {
  it("comes back as it was", () => {
    for (const original of [
      manifest(7, { committables: 3, parent: 4 }),
      manifest(8, { kind: "fence", parent: 7 }),
      manifest(9, {
        kind: "savepoint",
        storeUri: "file:///x",
        operators: [keyedOperator("größe", "data", "x")],
        jobName: "日本",
      }),
      manifest(0, { operators: [] }),
    ]) {
      const decoded = decodeManifest(encodeManifest(original), WHERE);
      assert.deepEqual(JSON.parse(JSON.stringify(decoded)), JSON.parse(JSON.stringify(original)));
    }
  });

  it("is refused with any bit flipped, and cut at any place (MC1)", () => {
    const whole = encodeManifest(manifest(7));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(7), (place, bit) => {
        const flipped = Uint8Array.from(whole);
        flipped[place] = (flipped[place] as number) ^ (1 << bit);
        assertCorrupt(flipped, /restore from another/);
        assertCorrupt(whole.subarray(0, place), /is empty|header|truncated/);
      }),
    );
    assertCorrupt(Buffer.concat([whole, Buffer.from(" ")]), /was changed/);
    assertCorrupt(new Uint8Array(), /is empty/);
  });

  it("of another version says which program reads it", () => {
    const text = Buffer.from(encodeManifest(manifest(1))).toString("latin1");
    assertCorrupt(
      Buffer.from(text.replace("streamjob-manifest 1", "streamjob-manifest 2"), "latin1"),
      /header says version 2 and its body version 1; this program reads versions 1 to 3/,
    );
  });

  it("has the version that its enumerators need, and no other (MA6)", () => {
    const source = {
      ...keyedOperator("source", "data/0000000001-0000000001", "x"),
      enumerator: { state: { next: 3 } },
    };
    const made = { ...manifest(1, { operators: [source] }), version: manifestVersion([source]) };
    assert.equal(made.version, 2);
    assert.deepEqual(decodeManifest(encodeManifest(made), WHERE), made);
    assertCorrupt(encodeManifest({ ...made, version: 1 }), /has version 1, which does not go with the enumerators/);
    assertCorrupt(
      encodeManifest({ ...manifest(1), version: 2 }),
      /has version 2, which does not go with the enumerators/,
    );
  });

  it("has version 3 with column tables, also with an enumerator, and lists their files (MA6)", () => {
    const counts = keyedOperator("count", "data/0000000001-0000000001", "x");
    const subtasks = counts.subtasks.map((state) => {
      const { keyGroups, files } = state.keyed as NonNullable<typeof state.keyed>;
      return { ...state, keyed: { kind: "tables" as const, keyGroups, files: [], tables: files } };
    });
    const tables = { ...counts, subtasks, enumerator: { state: {} } };
    const made = { ...manifest(1, { operators: [tables] }), version: manifestVersion([tables]) };
    assert.equal(made.version, 3);
    assert.ok(made.files.length > 0);
    assert.deepEqual(decodeManifest(encodeManifest(made), WHERE), made);
    assertCorrupt(encodeManifest({ ...made, version: 2 }), /has version 2, which does not go with .* the tables/);
  });

  const keyed = keyedOperator("count", "data/0000000001-0000000007", "x");
  const subtask = keyed.subtasks[0];
  const part = subtask?.keyed?.files[0];
  const withKeyed = (change: object): object => ({
    ...keyed,
    subtasks: [{ ...subtask, keyed: { ...subtask?.keyed, ...change } }, keyed.subtasks[1]],
  });
  const wrong: Record<string, [object, RegExp]> = {
    "a key that leaves the store": [
      { files: [{ key: "../../etc/passwd", sha256: "a".repeat(64), length: 1 }] },
      /files\.0\.key/,
    ],
    "an unknown field": [{ extra: 1 }, /Unrecognized key/],
    "a negative count": [{ committables: -1 }, /committables/],
    "a fence with state": [{ kind: "fence" }, /is a fence, and must have no state/],
    "a parent after itself": [{ parent: 7 }, /number 7 as its parent, which is not older/],
    "files it does not refer to": [{ files: [] }, /does not list the files/],
    "one operator twice": [{ operators: [keyed, keyed] }, /operator count twice/],
    "too few subtasks": [
      { operators: [{ ...keyed, parallelism: 3 }] },
      /2 subtasks of operator count, whose parallelism is 3/,
    ],
    "key groups out of range": [
      { operators: [{ ...keyed, maxParallelism: 64 }] },
      /key groups 64..127, of 64 that exist/,
    ],
    "keyed state of a back end that this program does not have (HAN3)": [
      { operators: [withKeyed({ kind: "disk" })] },
      /operators\.0\.subtasks\.0\.keyed\.kind/,
    ],
    "keyed state without a file": [{ operators: [withKeyed({ files: [] })] }, /subtasks\.0\.keyed\.files/],
    "a file with key groups of another subtask": [
      { operators: [withKeyed({ files: [{ ...part, keyGroups: { first: 60, last: 64 } }] })] },
      /a file with key groups 60\.\.64 for a subtask of operator count that has 0\.\.63/,
    ],
    "a blob of no kind": [
      {
        operators: [
          {
            ...keyed,
            parallelism: 1,
            subtasks: [
              { ...subtask, operator: [{ name: "x", redistribution: "split", count: 1, blob: { kind: "url" } }] },
            ],
          },
        ],
      },
      /operators\.0\.subtasks\.0\.operator\.0\.blob/,
    ],
  };
  for (const [name, [change, message]] of Object.entries(wrong)) {
    it(`with a right checksum is refused for ${name} (MC2)`, () => {
      assertCorrupt(withBody(JSON.stringify({ ...manifest(7), ...change } as Manifest)), message);
    });
  }

  it("that is no JSON, or pollutes prototypes, is refused", () => {
    assertCorrupt(withBody("{"), /not JSON/);
    assertCorrupt(withBody(JSON.stringify(manifest(7)).replace("{", '{"__proto__":{"x":1},')), /invalid field/);
    assertCorrupt(withBody("null"), /invalid field/);
  });
});
