/** Recoverability, restore and retention: tables, and the properties that hold for every log. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { contentsOf, keyedOperator, manifest } from "./builders.test-support.ts";
import { deriveRecoverability } from "./recoverability.ts";
import { deriveClearance, deriveRetention } from "./retention.ts";
import { type Manifest } from "./manifest.ts";
import { resolveRestore } from "./restore.ts";
import { committedKey, dataFolder, epochKey, manifestKey } from "./layout.ts";

const fence = (seq: number, epoch: number, parent: number | null): Manifest =>
  manifest(seq, { kind: "fence", epoch, parent, checkpointId: 0 });
const log = contentsOf;

describe("deriveRecoverability (CK-21)", () => {
  const F1 = fence(1, 1, null);
  const two = manifest(2);
  const table: Record<string, [ReturnType<typeof log>, number, number, string]> = {
    "no manifest is invisible": [log([F1]), 2, 1, "invisible"],
    "an empty log has nothing": [log([]), 1, 1, "invisible"],
    "a fence is invisible": [log([F1]), 1, 1, "invisible"],
    "ours and nothing to commit is ready": [log([F1, two]), 2, 1, "ready"],
    "of an older epoch and not fenced yet is unclaimed": [log([F1, two]), 2, 2, "unclaimed"],
    "of an older epoch behind our fence is ready": [log([F1, two, fence(3, 2, 2)]), 2, 2, "ready"],
    "behind the fence of a higher epoch is orphaned for us": [log([F1, two, fence(3, 2, 2)]), 2, 1, "orphaned"],
    "with transactions and no marker is committing": [log([F1, manifest(2, { committables: 1 })]), 2, 1, "committing"],
    "with transactions and a marker is ready": [log([F1, manifest(2, { committables: 1 })], [2]), 2, 1, "ready"],
    "undecodable is corrupt": [log([F1, { corrupt: 2 }]), 2, 1, "corrupt"],
    "older on the chain is ready": [log([F1, two, manifest(3, { parent: 2 })]), 2, 1, "ready"],
    "beside the chain is invisible: a stray": [log([two, fence(3, 2, null)]), 2, 2, "invisible"],
    "a stray in the place of a parent, of a higher epoch, is invisible": [
      log([manifest(5, { epoch: 2 }), manifest(6, { parent: 5 }), fence(7, 3, 6)]),
      5,
      3,
      "invisible",
    ],
  };
  for (const [sentence, [contents, seq, epoch, kind]] of Object.entries(table)) {
    it(sentence, () => assert.equal(deriveRecoverability(contents, seq, epoch).kind, kind));
  }
});

describe("resolveRestore", () => {
  const resolve = (
    contents: ReturnType<typeof log>,
    epoch: number,
    sinksAllowReplay = false,
    damaged?: ReadonlyMap<number, string>,
  ) => resolveRestore(contents, epoch, damaged === undefined ? { sinksAllowReplay } : { sinksAllowReplay, damaged });

  it("starts fresh when nothing was completed", () => {
    assert.deepEqual(resolve(log([fence(1, 1, null)]), 1), { kind: "none" });
    assert.deepEqual(resolve(log([fence(1, 1, null), fence(2, 2, null)]), 2), { kind: "none" });
  });

  it("takes the newest complete one, through any number of fences (CK-19)", () => {
    const decision = resolve(log([manifest(2), manifest(3, { parent: 2 }), fence(4, 2, 3), fence(5, 3, 3)]), 3);
    assert.ok(decision.kind === "restore");
    assert.equal(decision.manifest.seq, 3);
    assert.equal(decision.mustCommit, false);
    assert.equal(decision.storeUri, "memory://test");
  });

  it("takes a savepoint that is newer than the last checkpoint, from its own store (CK-20)", () => {
    const savepoint = manifest(3, { kind: "savepoint", storeUri: "file:///sp", parent: 2 });
    const decision = resolve(log([manifest(2), savepoint, fence(4, 2, 3)]), 2);
    assert.ok(decision.kind === "restore");
    assert.equal(decision.manifest, savepoint);
    assert.equal(decision.storeUri, "file:///sp");
  });

  it("says that transactions must be committed unless the marker is there", () => {
    const items = [manifest(2, { committables: 2 }), fence(3, 2, 2)];
    for (const [committed, mustCommit] of [[[], true] as const, [[2], false] as const]) {
      const decision = resolve(log(items, committed), 2);
      assert.ok(decision.kind === "restore" && decision.mustCommit === mustCommit);
    }
  });

  it("stops when a higher epoch has written", () => {
    assert.deepEqual(resolve(log([fence(1, 1, null), fence(2, 2, null)]), 1), {
      kind: "fenced",
      by: { epoch: 2, processId: "process 2" },
    });
  });

  const older = manifest(2);
  const corrupt: Record<
    string,
    [ReturnType<typeof log>, boolean, ReadonlyMap<number, string> | undefined, number | null, RegExp]
  > = {
    "an exactly-once sink forbids an older one": [
      log([older, { corrupt: 3 }, fence(4, 2, 3)]),
      false,
      undefined,
      null,
      /exactly-once sink/,
    ],
    "sinks that bear repetition allow it": [
      log([older, { corrupt: 3 }, fence(4, 2, 3)]),
      true,
      undefined,
      2,
      /records that came after it are processed again/,
    ],
    "transactions in an older one forbid it": [
      log([manifest(2, { committables: 1 }), { corrupt: 3 }, fence(4, 2, 3)]),
      true,
      undefined,
      null,
      /sink transactions/,
    ],
    "transactions in the damaged one forbid it": [
      log([older, manifest(3, { committables: 1, parent: 2 }), fence(4, 2, 3)]),
      true,
      new Map([[3, "a file is missing"]]),
      null,
      /checkpoint 3 holds sink transactions/,
    ],
    "damaged files count as corruption": [
      log([older, manifest(3, { parent: 2 }), fence(4, 2, 3)]),
      true,
      new Map([[3, "gone"]]),
      2,
      /intact/,
    ],
    "a damaged older one is passed over": [
      log([older, manifest(3, { parent: 2 }), fence(4, 2, 3)]),
      true,
      new Map([
        [3, "gone"],
        [2, "gone too"],
      ]),
      null,
      /num-retained/,
    ],
    "a missing manifest is corruption, not a fresh start": [log([older, fence(4, 2, 3)]), true, undefined, 2, /intact/],
    "nothing older is retained": [log([{ corrupt: 3 }, fence(4, 2, 3)]), true, undefined, null, /num-retained/],
  };
  for (const [sentence, [contents, replay, damaged, fallback, reason]] of Object.entries(corrupt)) {
    it(`says what is corrupt: ${sentence} (row 9)`, () => {
      const decision = resolve(contents, 2, replay, damaged);
      assert.ok(decision.kind === "corrupt", decision.kind);
      assert.equal(decision.seq, 3);
      assert.ok(decision.what.length > 0);
      assert.equal(decision.fallback?.seq ?? null, fallback);
      assert.match(decision.reason, reason);
    });
  }
});

/** All keys of a log, with files, claims, and uploads of running and dead checkpoints. */
function keysOf(manifests: readonly Manifest[], committed: readonly number[], more: readonly string[]): string[] {
  const keys = manifests.flatMap((item) => [
    manifestKey(item.seq),
    ...(item.storeUri === null ? item.files.map((file) => file.key) : []),
  ]);
  return [...new Set([...keys, ...committed.map(committedKey), ...more])];
}

const someFile = (epoch: number, id: number): string => `${dataFolder(epoch, id)}/${"f".repeat(64)}`;

describe("deriveRetention", () => {
  const items = [
    fence(1, 1, null),
    manifest(2),
    manifest(3, { parent: 2 }),
    manifest(4, { kind: "savepoint", storeUri: "file:///sp", parent: 3 }),
    fence(5, 2, 4),
    manifest(6, { epoch: 2, parent: 4 }),
    manifest(7, { epoch: 2, parent: 6 }),
  ];
  const seqs = (deletions: readonly string[]): number[] =>
    deletions.filter((key) => key.endsWith(".manifest")).map((key) => Number(key.slice(4, 14)));

  it("keeps the newest n checkpoints, the links between them and its own fence; older fences and checkpoints go (RT2)", () => {
    const keys = keysOf(items, [2, 7], []);
    const table: [number, number[], number[]][] = [
      [1, [7], [1, 2, 3, 4, 6]],
      [2, [7, 6], [1, 2, 3, 4]],
      [3, [7, 6, 4, 3], [1, 2]],
      [9, [7, 6, 4, 3, 2], [1]],
    ];
    for (const [numRetained, retained, deleted] of table) {
      const plan = deriveRetention(log(items), keys, 2, { numRetained });
      assert.deepEqual(plan.retained, retained);
      assert.deepEqual(seqs(plan.deletions), deleted);
    }
    const plan = deriveRetention(log(items), keys, 2, { numRetained: 1, pinned: new Set([3]) });
    assert.deepEqual(seqs(plan.deletions), [1, 2, 4, 6]);
    assert.ok(plan.deletions.includes(committedKey(2)) && !plan.deletions.includes(committedKey(7)));
  });

  it("keeps a newest savepoint and the newest checkpoint behind it (CK-20)", () => {
    const withSavepoint = [...items, manifest(8, { kind: "savepoint", storeUri: "file:///sp", epoch: 2, parent: 7 })];
    const plan = deriveRetention(log(withSavepoint), keysOf(withSavepoint, [], []), 2, { numRetained: 1 });
    assert.deepEqual(plan.retained, [8, 7]);
    assert.ok(!plan.deletions.some((key) => key.includes("sp")));
  });

  it("deletes nothing unless the head is a complete manifest of this epoch (RT1)", () => {
    const keys = keysOf(items, [], [someFile(1, 1)]);
    for (const [contents, epoch] of [
      [log(items), 1],
      [log(items), 3],
      [log([...items, fence(8, 3, 7)]), 3],
      [log([...items, { corrupt: 8 }]), 2],
      [log([]), 1],
    ] as const) {
      assert.deepEqual(deriveRetention(contents, keys, epoch, { numRetained: 1 }).deletions, []);
    }
  });

  it("collects uploads of dead checkpoints, and leaves running ones, later epochs and unknown names alone (RT4, RT5)", () => {
    const dead = [someFile(1, 99), someFile(2, 6), someFile(2, 7)];
    const alive = [someFile(2, 8), someFile(3, 1), epochKey(2), epochKey(3), "data/readme", "chk/notes.txt"];
    const keys = keysOf(items, [], [...dead, ...alive, epochKey(1)]);
    const { deletions } = deriveRetention(log(items), keys, 2, { numRetained: 1 });
    for (const key of [...dead, epochKey(1)]) assert.ok(deletions.includes(key), key);
    for (const key of alive) assert.ok(!deletions.includes(key), key);
  });

  it("deletes no file while a pinned manifest cannot be read", () => {
    const plan = deriveRetention(log([{ corrupt: 2 }, manifest(3)]), [someFile(1, 1)], 1, {
      numRetained: 1,
      pinned: new Set([2]),
    });
    assert.deepEqual(plan.deletions, []);
  });

  it("of a job that is over leaves the closing fence only", () => {
    const closed = [...items, fence(8, 2, null)];
    const plan = deriveClearance(log(closed), keysOf(closed, [7], [someFile(2, 50)]), 2);
    assert.equal(plan.deletions.length, keysOf(closed, [7], [someFile(2, 50)]).length - 1);
    assert.ok(!plan.deletions.includes(manifestKey(8)));
    assert.deepEqual(deriveClearance(log(items), keysOf(items, [], []), 2).deletions, []);
  });
});

describe("for every log", () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("checkpoint" as const), shared: fc.boolean(), committables: fc.nat(1) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("savepoint" as const),
        shared: fc.constant(false),
        committables: fc.nat(1),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("fence" as const),
        shared: fc.constant(false),
        committables: fc.constant(0),
      }),
    },
  );

  it("what is restored is the newest complete one and survives clean-up with all that retained ones refer to", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(3),
        (steps, numRetained, pinnedCount) => {
          const items = buildLog(steps);
          const last = items.at(-1) as Manifest;
          const complete = items.filter((item) => item.kind !== "fence");
          const contents = log(items);
          const decision = resolveRestore(contents, last.epoch, { sinksAllowReplay: false });
          assert.equal(decision.kind === "restore" ? decision.manifest : null, complete.at(-1) ?? null);

          const pinned = new Set(items.slice(0, pinnedCount).map((item) => item.seq));
          const keys = keysOf(items, [], []);
          const plan = deriveRetention(contents, keys, last.epoch, { numRetained, pinned });
          if (last.kind === "fence") assert.deepEqual(plan.deletions, []);
          const gone = new Set(plan.deletions);
          const left = items.filter((item) => !gone.has(manifestKey(item.seq)));
          const leftFiles = new Set(
            left.filter((item) => item.storeUri === null).flatMap((item) => item.files.map((file) => file.key)),
          );
          for (const key of leftFiles) assert.ok(!gone.has(key), `${key} is referred to`);
          if (last.kind !== "fence") {
            assert.deepEqual(new Set(keys.filter((key) => key.startsWith("data/") && !gone.has(key))), leftFiles);
            const checkpoints = complete.filter((item) => item.kind === "checkpoint").slice(-numRetained);
            for (const item of [...checkpoints, last]) assert.ok(left.includes(item), `${item.seq} is retained`);
          }
          const after = resolveRestore(log(left), last.epoch, { sinksAllowReplay: false });
          assert.deepEqual(after, decision, "clean-up changes nothing about what is restored");
          const again = keys.filter((key) => !gone.has(key));
          assert.deepEqual(
            deriveRetention(log(left), again, last.epoch, { numRetained, pinned }).deletions,
            [],
            "and is done after one round",
          );
        },
      ),
    );
  });
});

type Step = { readonly kind: Manifest["kind"]; readonly shared: boolean; readonly committables: number };

/** A log as CheckpointLog writes it; `shared` checkpoints keep a file of the one before. */
function buildLog(steps: readonly Step[]): Manifest[] {
  const items: Manifest[] = [fence(1, 1, null)];
  let epoch = 1;
  let newest: Manifest | null = null;
  for (const [index, { kind, shared, committables }] of steps.entries()) {
    const seq = index + 2;
    const parent: number | null = newest?.seq ?? null;
    if (kind === "fence") {
      items.push(fence(seq, ++epoch, parent));
      continue;
    }
    const storeUri = kind === "savepoint" ? "file:///sp" : null;
    const own = keyedOperator("own", kind === "savepoint" ? "data" : dataFolder(epoch, seq), `${seq} `);
    const kept: Manifest["operators"] =
      shared && newest?.storeUri === null
        ? newest.operators
            .slice(0, 1)
            .map((item) => ({ ...item, operatorId: keyedOperator("kept", "data", "").operatorId }))
        : [];
    const made: Manifest = manifest(seq, { kind, epoch, parent, storeUri, committables, operators: [...kept, own] });
    items.push(made);
    newest = made;
  }
  return items;
}
