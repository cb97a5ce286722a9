import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CacheChange, CachedObjects, type EventOutcome } from "./cached-objects.ts";
import type { ConfigMap } from "../api/index.ts";
import { configMap } from "./scripted-api.test-support.ts";

type Cache = CachedObjects<"ConfigMap">;

const key = { namespace: "default", name: "a" };
const shown = (cache: Cache): string | undefined => cache.get(key)?.metadata.resourceVersion;
const told = (outcome: EventOutcome<ConfigMap>): string[] =>
  outcome.kind === "changes" ? words(outcome.changes) : [outcome.kind];
const words = (changes: readonly CacheChange<ConfigMap>[]): string[] =>
  changes.map(({ kind, object }) => `${kind} ${object.metadata.uid}@${object.metadata.resourceVersion}`);

function listed(...objects: ConfigMap[]): Cache {
  const cache: Cache = new CachedObjects();
  cache.applyList(objects, cache.mark());
  return cache;
}

test("CO1 an older event in flight cannot roll an own write back", () => {
  const cache = listed(configMap("a", "1"));
  assert.deepEqual(words(cache.noteWrite(configMap("a", "3"), 0)), ["updated uid-a@3"]);
  // Somebody's write before ours, whose event was on its way.
  assert.deepEqual(told(cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2") })), []);
  assert.equal(shown(cache), "3");
  assert.deepEqual(told(cache.applyEvent({ type: "MODIFIED", object: configMap("a", "3") })), []);
  assert.equal(cache.oldestUnconfirmedMs(), null);
  assert.deepEqual(told(cache.applyEvent({ type: "MODIFIED", object: configMap("a", "4") })), ["updated uid-a@4"]);
});

test("CO1 an own create is there at once, and the events of an object of that name that went before it change nothing", () => {
  const cache: Cache = new CachedObjects();
  assert.deepEqual(words(cache.noteWrite(configMap("a", "9", { uid: "new" }), 0)), ["added new@9"]);
  assert.deepEqual(told(cache.applyEvent({ type: "ADDED", object: configMap("a", "1", { uid: "old" }) })), []);
  assert.deepEqual(told(cache.applyEvent({ type: "DELETED", object: configMap("a", "2", { uid: "old" }) })), []);
  assert.deepEqual(told(cache.applyEvent({ type: "ADDED", object: configMap("a", "9", { uid: "new" }) })), []);
  assert.equal(cache.get(key)?.metadata.uid, "new");
});

test("CO2 an answer that comes after its own event and a newer one is ignored", () => {
  const cache = listed(configMap("a", "1"));
  cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2") });
  cache.applyEvent({ type: "MODIFIED", object: configMap("a", "3") });
  assert.deepEqual(cache.noteWrite(configMap("a", "2"), 0), []);
  assert.equal(shown(cache), "3");
});

test("CO2 an answer that comes after the object's deletion does not bring it back", () => {
  const cache = listed(configMap("a", "1"));
  assert.deepEqual(told(cache.applyEvent({ type: "DELETED", object: configMap("a", "3") })), ["deleted uid-a@1"]);
  assert.deepEqual(cache.noteWrite(configMap("a", "2"), 0), []);
  assert.equal(cache.get(key), null);
});

test("CO3 a list asked for before an own write does not undo it, one asked for after it wins", () => {
  const cache = listed(configMap("a", "1"), configMap("b", "1"));
  const before = cache.mark();
  cache.noteWrite(configMap("a", "2"), 0);
  cache.noteWrite(configMap("c", "2"), 0);
  assert.deepEqual(words(cache.applyList([configMap("a", "1")], before)), ["deleted uid-b@1"]);
  assert.equal(shown(cache), "2");
  assert.equal(cache.size, 2);
  assert.deepEqual(words(cache.applyList([configMap("a", "5")], cache.mark())), ["updated uid-a@5", "deleted uid-c@2"]);
  assert.equal(cache.oldestUnconfirmedMs(), null);
});

test("CO4 deleted and recreated in a gap is deleted and added, in an event as in a list", () => {
  const recreated = configMap("a", "7", { uid: "other" });
  assert.deepEqual(told(listed(configMap("a", "1")).applyEvent({ type: "MODIFIED", object: recreated })), [
    "deleted uid-a@1",
    "added other@7",
  ]);
  const cache = listed(configMap("a", "1"));
  assert.deepEqual(words(cache.applyList([recreated], cache.mark())), ["deleted uid-a@1", "added other@7"]);
  // What is still in flight of the first one.
  assert.deepEqual(told(cache.applyEvent({ type: "DELETED", object: configMap("a", "6") })), []);
  assert.equal(cache.get(key)?.metadata.uid, "other");
});

test("CO5 an own deletion is shown at once, stays shown whatever is in flight, and removes nothing by itself", () => {
  const cache = listed(configMap("a", "1"));
  const deleting = (): string | undefined => cache.get(key)?.metadata.deletionTimestamp;
  assert.deepEqual(cache.noteDelete(key, "another uid", 0, "now"), []);
  assert.deepEqual(words(cache.noteDelete(key, "uid-a", 0, "now")), ["updated uid-a@1"]);
  assert.equal(deleting(), "now");
  cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2") });
  assert.equal(deleting(), "now");
  assert.equal(shown(cache), "2");
  cache.applyEvent({ type: "MODIFIED", object: configMap("a", "3", { deletionTimestamp: "then" }) });
  assert.equal(deleting(), "then");
  assert.equal(cache.oldestUnconfirmedMs(), null);
  assert.deepEqual(told(cache.applyEvent({ type: "DELETED", object: configMap("a", "4") })), ["deleted uid-a@3"]);
});

test("CO6 history that goes back is noticed in an event and in a list; a duplicate is not that", () => {
  const cache = listed(configMap("a", "1"));
  cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2") });
  assert.deepEqual(told(cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2") })), []);
  assert.deepEqual(told(cache.applyEvent({ type: "MODIFIED", object: configMap("a", "1") })), ["wentBack"]);
  assert.equal(shown(cache), "2");
  assert.equal(cache.showsThePast([configMap("a", "1")], cache.mark()), true);
  assert.equal(cache.showsThePast([configMap("a", "2")], cache.mark()), false);
  assert.equal(cache.showsThePast([configMap("a", "9")], cache.mark()), false);
  // Believed: the present begins there.
  assert.deepEqual(words(cache.applyList([configMap("a", "1")], cache.mark())), ["updated uid-a@1"]);
  assert.deepEqual(told(cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2") })), ["updated uid-a@2"]);
});

test("CO6 a list with an object that was seen deleted, or without an own one, shows the past", () => {
  const cache = listed(configMap("a", "1"));
  cache.applyEvent({ type: "DELETED", object: configMap("a", "2") });
  assert.equal(cache.showsThePast([configMap("a", "1")], cache.mark()), true);
  cache.noteWrite(configMap("b", "3"), 0);
  assert.equal(cache.showsThePast([], cache.mark()), true);
  assert.equal(cache.showsThePast([], cache.mark() - 1), false);
});

test("with a selector, an own write that leaves it removes the object, and coming back by another's hand is seen", () => {
  const labels = { app: "x" };
  const cache: Cache = new CachedObjects({ labels });
  cache.applyList([configMap("a", "1", { labels })], cache.mark());
  assert.deepEqual(words(cache.noteWrite(configMap("a", "3"), 0)), ["deleted uid-a@1"]);
  assert.deepEqual(told(cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2", { labels }) })), []);
  assert.deepEqual(told(cache.applyEvent({ type: "DELETED", object: configMap("a", "3") })), []);
  assert.deepEqual(told(cache.applyEvent({ type: "ADDED", object: configMap("a", "4", { labels }) })), [
    "added uid-a@4",
  ]);
});

test("indexes follow labels and owners through updates and deletions", () => {
  const cache: Cache = new CachedObjects({ indexLabels: ["job"] });
  const owner = { apiVersion: "v1", kind: "X", name: "x", uid: "owner-1" };
  cache.applyEvent({ type: "ADDED", object: configMap("a", "1", { labels: { job: "j" }, ownerReferences: [owner] }) });
  cache.applyEvent({ type: "ADDED", object: configMap("b", "1", { labels: { job: "j" } }) });
  const names = (job: string): string[] => cache.byLabel("default", "job", job).map(({ metadata }) => metadata.name);
  assert.deepEqual(names("j"), ["a", "b"]);
  assert.deepEqual(cache.byLabel("elsewhere", "job", "j"), []);
  assert.deepEqual(cache.byOwner("owner-1").length, 1);
  cache.applyEvent({ type: "MODIFIED", object: configMap("a", "2", { labels: { job: "k" } }) });
  assert.deepEqual([names("j"), names("k"), cache.byOwner("owner-1")], [["b"], ["a"], []]);
  cache.applyEvent({ type: "DELETED", object: configMap("b", "3") });
  assert.deepEqual(names("j"), []);
  assert.throws(() => cache.byLabel("default", "app", "x"), /no index of label app/);
});

/**
 * A server's true history, and everything that can happen between it and the cache: writes of others, own writes and deletions whose
 * answers come late (in their order), events that come late (in order), lists that were asked for before they are applied.
 */
type Step = "otherWrites" | "otherDeletes" | "ownWrites" | "ownDeletes" | "answer" | "event" | "askList" | "applyList";

class World {
  readonly cache: Cache = new CachedObjects();
  /** Position in the history of each version of each object: what the cache itself may not know. */
  readonly order = new Map<string, number>();
  live: ConfigMap | null = null;
  clock = 0;
  events: { type: "ADDED" | "MODIFIED" | "DELETED"; object: ConfigMap }[] = [];
  answers: (() => void)[] = [];
  list: { items: ConfigMap[]; mark: number } | null = null;
  /** The newest own write that was noted. */
  noted = 0;

  #version(): string {
    this.clock += 1;
    // Opaque indeed: neither the order of numbers nor of texts is that of time.
    const version = `v${(this.clock * 7919) % 10007}`;
    this.order.set(version, this.clock);
    return version;
  }

  #write(): ConfigMap {
    const type = this.live === null ? "ADDED" : "MODIFIED";
    const version = this.#version();
    this.live = configMap("a", version, { uid: this.live?.metadata.uid ?? `uid-${version}` });
    this.events.push({ type, object: this.live });
    return this.live;
  }

  #delete(): void {
    if (this.live === null) return;
    this.events.push({
      type: "DELETED",
      object: configMap("a", this.#version(), { uid: this.live.metadata.uid as string }),
    });
    this.live = null;
  }

  position(): number {
    const version = shown(this.cache);
    return version === undefined ? 0 : (this.order.get(version) as number);
  }

  act(step: Step): void {
    if (step === "otherWrites") this.#write();
    if (step === "otherDeletes") this.#delete();
    if (step === "ownWrites") {
      const object = this.#write();
      this.answers.push(() => {
        this.cache.noteWrite(object, 0);
        this.noted = this.order.get(object.metadata.resourceVersion as string) as number;
      });
    }
    if (step === "ownDeletes" && this.live !== null) {
      const { uid } = this.live.metadata;
      this.#delete();
      this.answers.push(() => this.cache.noteDelete(key, uid as string, 0, "now"));
    }
    if (step === "answer") this.answers.shift()?.();
    if (step === "event" && this.list === null) this.deliver();
    if (step === "askList" && this.list === null) {
      // The watch is cut; what was on its way is lost.
      this.list = { items: this.live === null ? [] : [this.live], mark: this.cache.mark() };
      this.events = [];
    }
    if (step === "applyList" && this.list !== null) {
      this.cache.applyList(this.list.items, this.list.mark);
      this.list = null;
    }
  }

  deliver(): void {
    const event = this.events.shift();
    if (event === undefined) return;
    assert.equal(this.cache.applyEvent(event).kind, "changes", "history never goes back here");
  }

  /** Everything arrives. */
  settle(): void {
    while (this.answers.length > 0) this.act("answer");
    this.act("applyList");
    while (this.events.length > 0) this.deliver();
  }
}

const stepsWithoutLists: readonly Step[] = [
  "otherWrites",
  "otherDeletes",
  "ownWrites",
  "ownDeletes",
  "answer",
  "event",
];

test("CO7 nothing that is held or told has managedFields, wherever it came from, and the caller's object keeps them", () => {
  const managedFields = [{ manager: "a", operation: "Apply", fieldsV1: { "f:data": {} } }];
  const owned = (name: string, resourceVersion: string): ConfigMap =>
    configMap(name, resourceVersion, { managedFields } as object);
  const cache: Cache = new CachedObjects();
  const changes = cache.applyList([owned("a", "1")], cache.mark());
  const event = cache.applyEvent({ type: "ADDED", object: owned("b", "2") });
  if (event.kind === "changes") changes.push(...event.changes);
  const mine = owned("a", "3");
  changes.push(...cache.noteWrite(mine, 0), ...cache.noteDelete(key, "uid-a", 0, "2031-01-01T00:00:00Z"));
  assert.deepEqual(words(changes), ["added uid-a@1", "added uid-b@2", "updated uid-a@3", "updated uid-a@3"]);
  for (const object of [...changes.map((change) => change.object), ...cache.values()]) {
    assert.equal("managedFields" in object.metadata, false);
  }
  assert.equal("managedFields" in mine.metadata, true);
});

test("CO1 CO2 whatever the order of answers and events, the cache never goes back and never lacks an own write", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...stepsWithoutLists), { maxLength: 40 }), (steps) => {
      const world = new World();
      let shownBefore = 0;
      for (const step of steps) {
        world.act(step);
        const position = world.position();
        if (position === 0) continue;
        assert.ok(position >= shownBefore, `${step} rolled back from ${shownBefore} to ${position}`);
        assert.ok(position >= world.noted, `${step}: own write ${world.noted} is not shown, ${position} is`);
        shownBefore = position;
      }
      world.settle();
      assert.equal(shown(world.cache), world.live?.metadata.resourceVersion);
      assert.equal(world.cache.oldestUnconfirmedMs(), null);
    }),
    { numRuns: 3000 },
  );
});

test("CO3 with lists in between, what is left wrong at the end is overdue, and one more list puts it right", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom<Step>(...stepsWithoutLists, "askList", "applyList"), { maxLength: 40 }),
      (steps) => {
        const world = new World();
        for (const step of steps) world.act(step);
        world.settle();
        if (shown(world.cache) !== world.live?.metadata.resourceVersion) {
          assert.equal(world.cache.overdue(0), true, "wrong and not noticed");
        }
        world.act("askList");
        world.act("applyList");
        assert.equal(shown(world.cache), world.live?.metadata.resourceVersion);
        assert.equal(world.cache.oldestUnconfirmedMs(), null);
      },
    ),
    { numRuns: 3000 },
  );
});
