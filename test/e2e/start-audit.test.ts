/** The judge of `npm start` has to see every kind of wrong result: each is planted here. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Audit } from "../../examples/start/audit.ts";
import { countDirectly } from "../../examples/start/direct-count.ts";

const folder = mkdtempSync(join(tmpdir(), "streamjob-audit-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const direct = new Map([
  ["be", 2],
  ["to", 3],
]);
let folders = 0;

/** What the audit says about these rows, in one visible part. */
function differencesOf(...rows: readonly [word: string, count: number][]): string[] {
  const place = mkdtempSync(join(folder, `${folders++}-`));
  const text = rows.map(([word, count]) => `${JSON.stringify({ word, count })}\n`).join("");
  writeFileSync(join(place, "part-0-1-1-0-0123456789.jsonl"), text);
  const audit = new Audit(place);
  assert.equal(audit.look(), rows.length);
  return audit.differences(direct);
}

const right: [string, number][] = [
  ["to", 1],
  ["be", 1],
  ["to", 2],
  ["be", 2],
  ["to", 3],
];

test("the right rows are right, in any order", () => {
  assert.deepEqual(differencesOf(...right), []);
  assert.deepEqual(differencesOf(...right.toReversed()), []);
});

const wrong: Record<string, { readonly rows: readonly [string, number][]; readonly says: RegExp }> = {
  "a word that is missing": { rows: right.filter(([word]) => word !== "be"), says: /"be".*never counted/ },
  "a word that is not in the text": {
    rows: [...right, ["or", 1]],
    says: /"or" is there 0 times, and the job's last count is 1/,
  },
  "a last row that is missing": {
    rows: right.slice(0, -1),
    says: /"to" is there 3 times, and the job's last count is 2/,
  },
  "a row in the middle that is missing, with a right last count": {
    rows: right.toSpliced(2, 1),
    says: /"to".*is 3, 1 rows missing/,
  },
  "a row that came twice": { rows: [...right, ["to", 2]], says: /"to".*is 3, 1 rows twice/ },
  "a count that is too high": { rows: [...right, ["to", 4]], says: /"to".*is 4/ },
};
for (const [what, { rows, says }] of Object.entries(wrong)) {
  test(`the audit sees ${what}`, () => {
    const differences = differencesOf(...rows);
    assert.equal(differences.length, 1);
    assert.match(differences[0] as string, says);
  });
}

test("hidden parts do not count, but name who writes them", () => {
  const place = mkdtempSync(join(folder, "hidden-"));
  writeFileSync(join(place, ".part-0-2-5-0-0123456789.jsonl.inprogress"), '{"word":"to","count":1}\n');
  const audit = new Audit(place);
  assert.equal(audit.look(), 0);
  assert.deepEqual([...audit.writers()], ["2-5-0123456789"]);
});

test("the direct count reads each file once, to its last byte, and cuts lines over the edges of pieces", async () => {
  const path = join(folder, "text.txt");
  const line = "größer als ÊTRE, 7 times; ";
  // Longer than two pieces of a megabyte, with characters of two bytes at every possible place.
  const times = Math.ceil((2 << 20) / line.length) + 1;
  writeFileSync(path, `${`${line}\r\n`.repeat(times)}the last`);
  const counted = await countDirectly([path, join(folder, "tex*.txt")]);
  assert.equal(counted.lines, times + 1);
  assert.deepEqual(Object.fromEntries(counted.counts), {
    größer: times,
    als: times,
    être: times,
    7: times,
    times,
    the: 1,
    last: 1,
  });
});
