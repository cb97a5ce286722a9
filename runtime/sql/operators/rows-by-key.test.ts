/** Rows of a query whose key is not that of its table (SQBK1, SQBK2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Change, ChangelogRun, inputOf, planRow } from "./changelog-run.test-support.ts";
import { rowsByKeyOperator } from "./rows-by-key.ts";

const ROW = planRow({ count: "int", word: "string" });
const factory = rowsByKeyOperator(inputOf(ROW, { changes: "retract" }), [0]);
const open = (): Promise<ChangelogRun> => ChangelogRun.open(factory, { inputs: [ROW] });

test("SQBK1: when the last row of a key is taken back, the one before it takes its place", async () => {
  const operator = await open();
  assert.deepEqual(operator.give(0, ["+I", 1, "a"], ["+I", 1, "b"]), ["+I[1, a]", "+U[1, b]"]);
  assert.deepEqual(operator.give(0, ["-U", 1, "b"], ["+U", 2, "b"]), ["+U[1, a]", "+I[2, b]"]);
  assert.deepEqual(operator.give(0, ["-D", 1, "a"]), ["-D[1, a]"]);
});

test("SQBK1: a row that is not shown goes without a word, and of equal rows one", async () => {
  const operator = await open();
  operator.give(0, ["+I", 1, "a"], ["+I", 1, "b"], ["+I", 1, "a"]);
  assert.deepEqual(operator.give(0, ["-D", 1, "b"]), []);
  assert.deepEqual(operator.give(0, ["-D", 1, "a"]), ["+U[1, a]"]);
  assert.deepEqual(operator.give(0, ["-D", 1, "a"]), ["-D[1, a]"]);
});

test("what is taken back and was never there is counted, and changes nothing", async () => {
  const operator = await open();
  operator.give(0, ["+I", 1, "a"]);
  assert.deepEqual(operator.give(0, ["-D", 1, "x"]), []);
  assert.equal(operator.harness.metric("unknownRetractions"), 1);
});

test("SQBK2: the upserts end with the last row of each key that is there, over restores", async () => {
  const step = fc.option(fc.tuple(fc.constantFrom(1, 2, null), fc.constantFrom("a", "b", "c"), fc.boolean()), {
    freq: 8,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      let operator = await open();
      const there = new Map<number | null, string[]>();
      const shown = new Map<string, string>();
      for (const each of steps) {
        if (each === null) {
          operator = await operator.restored(factory, { inputs: [ROW] });
          continue;
        }
        const [key, word, isAdded] = each;
        const words = there.get(key) ?? [];
        const place = words.lastIndexOf(word);
        if (!isAdded && place < 0) continue;
        there.set(key, isAdded ? [...words, word] : words.toSpliced(place, 1));
        const change: Change = [isAdded ? "+I" : "-D", key, word];
        for (const out of operator.give(0, change)) {
          const [, sign = "", shownKey = "", shownWord = ""] = /^(..)\[(.*), (.*)\]$/.exec(out) ?? [];
          assert.equal(shown.has(shownKey), sign !== "+I");
          if (sign === "-D") shown.delete(shownKey);
          else shown.set(shownKey, shownWord);
        }
        const lasts = [...there].flatMap(([of, all]) => (all.length === 0 ? [] : [[String(of), all.at(-1)]]));
        assert.deepEqual(Object.fromEntries(shown), Object.fromEntries(lasts));
      }
    }),
    { numRuns: 60, seed: 23 },
  );
});
