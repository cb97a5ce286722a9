import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../runtime/testkit/index.ts";
import type { ReadSources } from "./manifest-sources.ts";
import { SettledSources } from "./settled-sources.ts";

const WHOLE = "kind: StreamJob\nspec:\n  parallelism: 4\n  job: {}\n";

/** What is read, as text; a text with a `!` has a mistake. `before` null: the file is not there yet. */
async function readWhile(before: string | null, ...moments: readonly string[]): Promise<string> {
  const clock = new ManualClock();
  let now: string | null = before;
  const read = (): ReadSources => ({
    texts: now === null ? [] : [{ file: "wc.yaml", folder: "/", text: now, isFromFolder: false }],
    problems: [],
  });
  const settled = new SettledSources(clock, read);
  let text: string | null = null;
  let parsed = "";
  now = moments[0] ?? before;
  const done = settled
    .read(({ texts }) => {
      parsed = texts[0]?.text ?? "";
      const problems = parsed.includes("!") ? [{ file: "wc.yaml", position: null, field: "", message: "wrong" }] : [];
      return { objects: [], problems, leftOut: [], warnings: [] };
    })
    .then(() => (text = parsed));
  for (const moment of [...moments.slice(1), ...Array<undefined>(10).fill(undefined)]) {
    await new Promise(setImmediate);
    if (text !== null) break;
    if (moment !== undefined) now = moment;
    clock.advance(2000);
  }
  await done;
  return parsed;
}

describe("manifests that are still being written", () => {
  const cases: Record<string, { readonly moments: readonly string[]; readonly read: string }> = {
    "an edit is taken as it is": { moments: [WHOLE.replace("4", "5"), "late"], read: WHOLE.replace("4", "5") },
    "a text that got shorter in the middle is taken as it is": {
      moments: [WHOLE.replace("  parallelism: 4\n", ""), "late"],
      read: WHOLE.replace("  parallelism: 4\n", ""),
    },
    "the beginning of the text before waits for the rest (SS2)": {
      moments: ["kind: StreamJob\nspec:\n", "kind: StreamJob\nspec:\n  parallelism: 4\n", WHOLE],
      read: WHOLE,
    },
    "the beginning of another text waits for the rest (SS2)": {
      moments: ["kind: StreamJob\nspec:\n  parallelism: 8\n", WHOLE.replace("4", "8")],
      read: WHOLE.replace("4", "8"),
    },
    "a number cut in the middle waits for its other digits (SS2)": {
      moments: [`${WHOLE}more: 1`, `${WHOLE}more: 12\n`],
      read: `${WHOLE}more: 12\n`,
    },
    "what was made shorter and stands still is meant": { moments: ["kind: StreamJob\n"], read: "kind: StreamJob\n" },
    "the beginning of a text that follows on a mistake waits for the rest (SS1, SS2)": {
      moments: ["kind: !", "kind: StreamJob\n", WHOLE],
      read: WHOLE,
    },
    "a mistake is read again once (SS1)": { moments: [`${WHOLE}!\n`, `${WHOLE}# ok\n`], read: `${WHOLE}# ok\n` },
  };
  for (const [name, { moments, read }] of Object.entries(cases)) {
    it(name, async () => assert.equal(await readWhile(WHOLE, ...moments), read));
  }

  it("the beginning of a file that is new waits for the rest (SS2)", async () =>
    assert.equal(await readWhile(null, "kind: StreamJob\n", WHOLE), WHOLE));
});
