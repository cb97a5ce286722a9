import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryObjectStore } from "../storage/index.ts";
import { fixedClock as clock } from "./builders.test-support.ts";
import { collectGarbage, type Removed } from "./garbage-collection.ts";
import { GarbageWorld, type Incarnation } from "./garbage-world.test-support.ts";
import { takeInventory } from "./inventory.ts";

const KINDS = [
  "start",
  "checkpoint",
  "upload",
  "restart",
  "savepoint",
  "latest",
  "path",
  "none",
  "other",
  "unnamed",
  "retain",
] as const;
const step = fc.record({ kind: fc.constantFrom(...KINDS), which: fc.nat({ max: 20 }) });
type Step = { readonly kind: (typeof KINDS)[number]; readonly which: number };

async function play(world: GarbageWorld, { kind, which }: Step): Promise<void> {
  const running = world.incarnations.filter(({ successor }) => successor === null);
  const one = running[which % Math.max(1, running.length)] ?? (await world.start());
  const any = world.incarnations[which % world.incarnations.length] ?? one;
  switch (kind) {
    case "start":
      return void (await world.start());
    case "checkpoint":
      if (one.inFlight === null) await world.upload(one);
      return void (await world.finish(one));
    case "upload":
      return world.upload(one);
    case "restart":
      return world.restart(one);
    case "savepoint":
      return world.savepoint(one);
    case "latest":
    case "path":
    case "none":
      return void (await world.upgrade(one, kind));
    case "other":
    case "unnamed":
      return world.restoreElsewhere(any, kind === "other");
    case "retain":
      return void (await one.log.discard({ numRetained: 1 }));
  }
}

async function worldOf(seed: number, steps: readonly Step[]): Promise<GarbageWorld> {
  const world = new GarbageWorld(seed);
  for (const each of steps) await play(world, each);
  return world;
}

async function collect(world: GarbageWorld): Promise<readonly Removed[]> {
  const approved = new Set((await takeInventory([world.location], world.options)).map(({ uri }) => uri));
  return collectGarbage([world.location], { ...world.options, approved, clock });
}

/** As if the process had been killed at its nth change. */
async function collectUntil(world: GarbageWorld, changes: number): Promise<void> {
  const { delete: remove, createIfAbsent } = MemoryObjectStore.prototype;
  let left = changes;
  const counted = <A extends unknown[], R>(act: (this: MemoryObjectStore, ...args: A) => Promise<R>) =>
    async function (this: MemoryObjectStore, ...args: A): Promise<R> {
      if (left-- <= 0) throw new Error("killed");
      return act.apply(this, args);
    };
  MemoryObjectStore.prototype.delete = counted(remove);
  MemoryObjectStore.prototype.createIfAbsent = counted(createIfAbsent);
  try {
    await collect(world).catch((error: unknown) => assert.equal((error as Error).message, "killed"));
  } finally {
    Object.assign(MemoryObjectStore.prototype, { delete: remove, createIfAbsent });
  }
}

const dataOf = async ({ store }: Incarnation): Promise<readonly string[]> =>
  (await store.list("data/")).map(({ key }) => key);

test("GAR1, GAR2, GAR3 whatever runs, crashes, and is restored from: all that was restorable and named still is, what nothing can need is gone, and a second collection finds nothing", async () => {
  let needless = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.option(fc.nat({ max: 12 })),
      async (seed, steps, killedAt) => {
        const world = await worldOf(seed, steps);
        const before = await world.demands();
        if (killedAt !== null) {
          await collectUntil(world, killedAt);
          assert.deepEqual(await world.demands(), before, "after a collection that was killed");
        }
        for (const { failure } of await collect(world)) assert.equal(failure, null);
        assert.deepEqual(await world.demands(), before);
        for (const each of world.needless) assert.deepEqual(await dataOf(each), [], `${each.id} is needed by nobody`);
        needless += world.needless.length;
        const again = await takeInventory([world.location], world.options);
        assert.deepEqual(
          again.filter(({ removal }) => removal !== null),
          [],
          "a second collection",
        );
        // What was being written meanwhile is complete, and so is every number that was not used up.
        for (const incarnation of world.incarnations) {
          if (incarnation.successor !== null) continue;
          const wasWriting = incarnation.inFlight !== null;
          assert.equal(await world.finish(incarnation), wasWriting);
          await world.restart(incarnation);
        }
        await world.demands();
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(needless > 20, `only ${needless} stores had to go`);
});
