import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobId, jobId } from "../../base/index.ts";
import { contentsOf, manifest } from "./builders.test-support.ts";
import { deriveFates, deriveLeftovers, namersOf, type StoreFacts } from "./garbage.ts";

const [OLD, NEW, THIRD] = ["a", "b", "c"].map((digit) => jobId(digit.repeat(32))) as [JobId, JobId, JobId];

/** The store of an incarnation with a checkpoint; `by`: who has taken it over. */
function store(owner: JobId, by: JobId | null, change: Partial<StoreFacts> = {}): StoreFacts {
  const own = [manifest(1, { kind: "fence", jobId: owner }), manifest(2, { jobId: owner })];
  const fence = manifest(3, { kind: "fence", epoch: 2, parent: 2, jobId: by ?? owner, ...(by && { successor: by }) });
  return {
    uri: `memory://root/${owner}`,
    objects: [],
    contents: contentsOf(by === null ? own : [...own, fence]),
    mark: null,
    origins: [],
    hasOwnState: true,
    ...change,
  };
}

/** Without any. */
const young = (owner: JobId, by: JobId | null = null): StoreFacts => {
  const own = manifest(1, { kind: "fence", jobId: owner });
  const fence = manifest(2, { kind: "fence", epoch: 2, jobId: by ?? owner, ...(by && { successor: by }) });
  return store(owner, by, { contents: contentsOf(by === null ? [own] : [own, fence]), hasOwnState: false });
};

function fateOf(stores: readonly StoreFacts[], unreadable: string | null = null): string {
  const fate = deriveFates(stores, [], unreadable).get(`memory://root/${OLD}`);
  return fate === undefined ? "not superseded" : fate.kind === "goes" ? "goes" : fate.why;
}

const cases: Readonly<Record<string, readonly [readonly StoreFacts[], string | RegExp]>> = {
  "of a successor with a whole checkpoint goes": [[store(OLD, NEW), store(NEW, null)], "goes"],
  "that nobody has taken over is not asked about": [[store(OLD, null)], "not superseded"],
  "of a successor that has only fenced stays": [[store(OLD, NEW), young(NEW)], /has no whole checkpoint of its own/],
  "of a successor whose checkpoint lacks files stays": [
    [store(OLD, NEW), store(NEW, null, { hasOwnState: false })],
    /has no whole checkpoint of its own/,
  ],
  "of a successor that is elsewhere stays": [[store(OLD, NEW)], /is not below this location/],
  "of a successor that was copied stays": [
    [store(OLD, NEW), store(NEW, null), store(NEW, null, { uri: "memory://backup/b" })],
    /has several stores/,
  ],
  "goes when the one after its successor has a checkpoint": [
    [store(OLD, NEW), young(NEW, THIRD), store(THIRD, null)],
    "goes",
  ],
  "stays when no one in the row has one": [[store(OLD, NEW), young(NEW, THIRD), young(THIRD)], /^c+, which has taken/],
  "in a circle stays": [[store(OLD, NEW), young(NEW, OLD)], /comes before it, too|has no whole/],
};

for (const [name, [stores, expected]] of Object.entries(cases)) {
  test(`GAR1 the state ${name}`, () => {
    const fate = fateOf(stores);
    if (typeof expected === "string") assert.equal(fate, expected);
    else assert.match(fate, expected);
  });
}

test("GAR2 no state goes while a store cannot be read that may need it, but what was marked before", () => {
  const stores = [store(OLD, NEW), store(NEW, null)];
  assert.match(fateOf(stores, "memory://root/x"), /^memory:\/\/root\/x cannot be read, and may need it$/);
  const mark = { why: "superseded", successor: NEW, atMs: 1 } as const;
  assert.equal(fateOf([store(OLD, NEW, { mark }), store(NEW, null)], "memory://root/x"), "goes");
});

test("GAR2 a store is named by a path into it, by its own address, and by its job id in another address", () => {
  const named = (location: string) => namersOf(`s3://b/jobs/${OLD}`, [{ location, by: "me" }]);
  assert.deepEqual(named(`s3://b/jobs/${OLD}`), ["me"]);
  assert.deepEqual(named(`s3://b/jobs/${OLD}/chk/0000000002.manifest`), ["me"]);
  assert.deepEqual(named(`s3://other-way/${OLD}/chk/0000000002.manifest`), ["me"]);
  assert.deepEqual(named(`s3://b/jobs/${OLD}0/chk`), []);
  assert.deepEqual(namersOf("s3://b/jobs/mine", [{ location: "s3://b/jobs/mine2/chk", by: "me" }]), []);
});

test("GAR3 nothing goes of a log with a manifest that cannot be read: it may refer to anything", () => {
  const key = `data/0000000001-0000000001/${"f".repeat(64)}`;
  const objects = [{ key, length: 1 }];
  const whole = [manifest(2), manifest(3)] as const;
  assert.deepEqual(deriveLeftovers({ contents: contentsOf(whole), objects }), objects);
  assert.deepEqual(deriveLeftovers({ contents: contentsOf([...whole, { corrupt: 4 }]), objects }), []);
  assert.deepEqual(deriveLeftovers({ contents: contentsOf([{ corrupt: 1 }, ...whole]), objects }), []);
  assert.deepEqual(deriveLeftovers({ contents: contentsOf([]), objects }), []);
});
