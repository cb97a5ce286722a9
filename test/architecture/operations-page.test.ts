/**
 * People have to act on a word in a status: the runbook must know every such word and no other, and docs/operations.md only words
 * that there are.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { conditionReasons, eventReasons, warningRemedies } from "../../operator/reconcile/index.ts";
import { repositoryFolder } from "./repository.ts";

const page = readFileSync(join(repositoryFolder, "docs", "operations.md"), "utf8");

const sourceOf = (path: string): string => readFileSync(join(repositoryFolder, path), "utf8");

const sources = globSync("operator/reconcile/**/*.ts", { cwd: repositoryFolder })
  .filter((path) => !/\.test(-support)?\.ts$/.test(path))
  .map(sourceOf)
  .join("\n");

/** The text from a heading to the next one of the same level. */
function section(heading: string): string {
  const begin = page.indexOf(`\n## ${heading}\n`);
  assert.notEqual(begin, -1, `docs/operations.md has a section "${heading}"`);
  const end = page.indexOf("\n## ", begin + 1);
  return page.slice(begin, end === -1 ? undefined : end);
}

const wordsIn = (text: string): string[] => [...text.matchAll(/"([A-Z][A-Za-z]+)"/g)].map(([, word]) => word as string);

/** Reasons that steps and checks give for a condition: `draft.blocked = { reason: …, message …`. */
const givenTo = (field: "blocked" | "stalled"): string[] =>
  [...sources.matchAll(new RegExp(`\\.${field} = \\{\\s*reason: ([^,]+),`, "g"))].flatMap(([, reason = ""]) =>
    wordsIn(reason),
  );

/** Reasons that the conclusion itself gives, in the part of its source that a pattern finds. */
function concluded(part: RegExp): string[] {
  const [text = ""] = part.exec(sourceOf("operator/reconcile/status/conclusion.ts")) ?? [];
  return [...text.matchAll(/yes\("([A-Za-z]+)"/g)].map(([, word]) => word as string);
}

describe("the runbook", () => {
  it("says what to do for every reason of UpgradeBlocked, and for no other", () => {
    const reasons = new Set([...givenTo("blocked"), ...concluded(/UpgradeBlocked:[\s\S]*?RolledBack:/)]);
    assert.ok(reasons.size >= 5, [...reasons].join());
    assert.deepEqual(new Set(Object.keys(conditionReasons.UpgradeBlocked)), reasons);
  });

  it("says what to do for every reason of Stalled, and for no other", () => {
    const reasons = new Set([...givenTo("stalled"), ...concluded(/function stalledOf[\s\S]*?\n\}/)]);
    assert.ok(reasons.size >= 12, [...reasons].join());
    assert.deepEqual(new Set(Object.keys(conditionReasons.Stalled)), reasons);
  });

  it("has a remedy for every warning, and for no other event", () => {
    const warnings = [
      ...sources.matchAll(/event\(\s*(?:[^"()]*\? )?"Warning"[^,]*,\s*(?:[^"()]*\? )?"([A-Za-z]+)"/g),
    ].map(([, reason]) => reason as string);
    assert.ok(warnings.length > 10, warnings.join());
    const remedies = new Set(Object.keys(warningRemedies));
    assert.deepEqual(
      warnings.filter((reason) => !remedies.has(reason)),
      [],
    );
    const raised = new Set(wordsIn(sources));
    assert.deepEqual(
      [...remedies].filter((reason) => !raised.has(reason) && !sourceOf("operator/apply/orphan.ts").includes(reason)),
      [],
    );
  });
});

describe("docs/operations.md", () => {
  it("names only events that there are", () => {
    const named = [...section("Events").matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, word]) => word as string);
    assert.ok(named.length > 5);
    assert.deepEqual(
      named.filter((reason) => !Object.hasOwn(eventReasons, reason)),
      [],
    );
  });

  it("names every metric of the controller, and no other", () => {
    const source = sourceOf("operator/controller/metrics.ts");
    const metrics = [...source.matchAll(/\$\{PREFIX\}([a-z_]+)`|gauge(?:By)?\(\s*"([a-z_]+)"/g)].map(
      ([, counted, asked]) => counted ?? asked,
    );
    assert.ok(metrics.length > 10);
    const named = [...section("Metrics and health").matchAll(/^\| (`[a-z_`, ]+`) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/[a-z_]+/g)].map(([name]) => name),
    );
    assert.deepEqual(new Set(named), new Set(metrics));
  });
});
