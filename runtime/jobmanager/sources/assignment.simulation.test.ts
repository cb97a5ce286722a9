/**
 * Every split that is found is read exactly once in the history that counts, whatever fails when (SRC1, SRC2, SAS1 to SAS3): real coordinators in a world of
 * chance (assignment-world.test-support.ts). What the enumerators below do wrong on purpose, the same check finds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../../base/index.ts";
import type { EnumeratorContext, SplitEnumerator } from "../../ports/index.ts";
import { AssignmentWorld, type Make } from "./assignment-world.test-support.ts";

const SPLITS = 24;
const STEPS = 500;
const SEEDS = 60;

type State = { readonly next: number; readonly waiting: readonly number[] };
type Mistake = "keeps what it assigned" | "drops what comes back" | "throws at times";

/** Finds a few more splits now and then, up to SPLITS, and gives them to those who ask, one or two at a time. */
class FewMore implements SplitEnumerator<number> {
  readonly #context: EnumeratorContext<number>;
  readonly #mistake: Mistake | null;
  readonly #chance: () => number;
  #next: number;
  #waiting: number[];
  readonly #asking = new Set<number>();
  #ever: number[] = [];

  constructor(context: EnumeratorContext<number>, chance: () => number, mistake: Mistake | null) {
    const { restored } = context;
    const { next, waiting } = restored.kind === "state" ? (restored.state as State) : { next: 0, waiting: [] };
    this.#context = context;
    this.#mistake = mistake;
    this.#chance = chance;
    this.#next = next;
    this.#waiting = [...waiting];
  }

  start(): void {
    this.#context.callAsync(
      () => 1 + Math.floor(this.#chance() * 3),
      (found) => {
        for (let left = found; left > 0 && this.#next < SPLITS; left--) this.#waiting.push(this.#next++);
        this.#assign();
      },
      50,
    );
  }

  handleSplitRequest(subtask: number): void {
    if (this.#mistake === "throws at times" && this.#chance() < 0.1) throw new Error("no answer from outside");
    this.#asking.add(subtask);
    this.#assign();
  }

  addSplitsBack(splits: readonly number[]): void {
    if (this.#mistake !== "drops what comes back") this.#waiting.push(...splits);
    this.#assign();
  }

  snapshot(): State {
    const kept = this.#mistake === "keeps what it assigned" ? this.#ever : this.#waiting;
    return { next: this.#next, waiting: [...kept] };
  }

  #assign(): void {
    for (const subtask of this.#context.readers()) {
      if (!this.#asking.has(subtask)) continue;
      const splits = this.#waiting.splice(0, 1 + Math.floor(this.#chance() * 2));
      if (splits.length === 0 && this.#next < SPLITS) return;
      this.#asking.delete(subtask);
      if (splits.length === 0) this.#context.noMoreSplits(subtask);
      else this.#context.assign(subtask, splits);
      this.#ever.push(...splits);
    }
  }
}

type Run = { readonly read: readonly number[]; readonly failures: number };

async function run(seed: number, mistake: Mistake | null, keepsEnumerator = true): Promise<Run> {
  const random = seededRandom(seed);
  const chance = (): number => random.next();
  let mayFail = true;
  const make: Make = (context) =>
    new FewMore(context, chance, mayFail || mistake !== "throws at times" ? mistake : null);
  const world = new AssignmentWorld(random, make, keepsEnumerator);
  for (let step = 0; step < STEPS; step++) await world.step(true);
  mayFail = false;
  for (let step = 0; !world.isOver && step < 100_000; step++) {
    if (mistake === "throws at times" && step === 0) world.restart();
    await world.step(false);
  }
  assert.ok(world.isOver, `seed ${seed}: the job does not come to its end`);
  return { read: world.read.toSorted((left, right) => left - right), failures: world.failures.length };
}

const ALL = Array.from({ length: SPLITS }, (_, split) => split);

test("SRC1 SRC2 each split is read once, through failures of regions, checkpoints and JobManagers, and rescales", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) assert.deepEqual((await run(seed, null)).read, ALL, `seed ${seed}`);
});

test("SRC4 SCS2 each split is read once when enumerators fail as well", async () => {
  let failures = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await run(seed, "throws at times");
    failures += outcome.failures;
    assert.deepEqual(outcome.read, ALL, `seed ${seed}`);
  }
  assert.ok(failures > SEEDS / 2, `only ${failures} failures`);
});

const canaries: Readonly<Record<string, () => Promise<readonly Run[]>>> = {
  "a split that is in both snapshots": () => many("keeps what it assigned"),
  "splits that are lost when their reader fails": () => many("drops what comes back"),
  "an enumerator whose state is forgotten": () => many(null, false),
};

async function many(mistake: Mistake | null, keepsEnumerator = true): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let seed = 1; seed <= 30; seed++) runs.push(await run(seed, mistake, keepsEnumerator));
  return runs;
}

for (const [what, runs] of Object.entries(canaries)) {
  test(`canary: the check finds ${what}`, async () => {
    const wrong = (await runs()).filter(({ read }) => JSON.stringify(read) !== JSON.stringify(ALL));
    assert.ok(wrong.length > 5, `only ${wrong.length} of 30 runs`);
  });
}
