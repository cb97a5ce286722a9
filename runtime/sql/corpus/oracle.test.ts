/** A second opinion: dt-sql-parser, which parses Flink SQL, agrees with this grammar but for what oracle-differences.txt lists with its reason. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { acceptedStatements, refusedScripts } from "./corpus.test-support.ts";
import { loadOracle } from "./dt-sql-parser.test-support.ts";

const [, acceptedHere = "", refusedHere = ""] = readFileSync(
  new URL("oracle-differences.txt", import.meta.url),
  "utf8",
).split(/^# .*$/m);
const beginnings = (section: string): string[] =>
  section
    .trim()
    .split("\n")
    .map((line) => line.slice(line.indexOf(" | ") + 3));

/** The entry of the list for it: the same text, or its beginning with … behind it. */
const listedFor = (text: string, listed: readonly string[]): string | undefined =>
  listed.find((entry) => (entry.endsWith("…") ? text.startsWith(entry.slice(0, -1)) : text === entry));

describe("dt-sql-parser", () => {
  let oracle: Awaited<ReturnType<typeof loadOracle>>;
  before(async () => {
    oracle = await loadOracle();
  });
  const refuses = (text: string): boolean => oracle.validate(`${text.replace(/;\s*$/, "")};`).length > 0;

  it("accepts what this grammar accepts, but for the differences listed", () => {
    const listed = beginnings(acceptedHere);
    const differing = acceptedStatements().filter(refuses);
    assert.deepEqual(
      differing.filter((text) => listedFor(text, listed) === undefined),
      [],
    );
    const met = new Set(differing.map((text) => listedFor(text, listed)));
    assert.deepEqual(
      listed.filter((beginning) => !met.has(beginning)),
      [],
      "listed, and no difference any more",
    );
  });

  it("refuses what this grammar refuses, but for the differences listed", () => {
    const listed = beginnings(refusedHere);
    const differing = refusedScripts()
      .map(({ script }) => script)
      .filter((script) => !refuses(script));
    assert.deepEqual(
      differing.filter((script) => listedFor(script, listed) === undefined),
      [],
    );
    const met = new Set(differing.map((script) => listedFor(script, listed)));
    assert.deepEqual(
      listed.filter((beginning) => !met.has(beginning)),
      [],
      "listed, and no difference any more",
    );
  });
});
