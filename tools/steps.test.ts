import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { testGroups, verifySteps } from "./steps.ts";

describe("what is checked", () => {
  const root = mkdtempSync(join(tmpdir(), "streamjob-steps-"));
  after(() => rmSync(root, { recursive: true, force: true }));
  const files = [
    "test/architecture/rooms.test.ts",
    "test/chaos/kill.test.ts",
    "test/integration/b.test.ts",
    "test/integration/deep/a.test.ts",
    "test/builders/job.ts",
    "test/upgrades/odd.test.ts",
    "base/ids.test.ts",
    "base/ids.ts",
    "examples/01/job.test.ts",
    "tools/report.test.ts",
  ];
  for (const path of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
  mkdirSync(join(root, "test/e2e"));

  it("is every folder of test/ that holds tests or has a known name, the known ones first (STE2)", () => {
    const names = testGroups(root).map((step) => step.name);
    assert.deepEqual(names, ["integration", "e2e", "chaos", "upgrades"]);
  });

  it("is every test file of a group, two at a time", () => {
    const [integration] = testGroups(root);
    assert.ok(integration?.kind === "tests");
    assert.deepEqual(integration.run.files, ["test/integration/b.test.ts", "test/integration/deep/a.test.ts"]);
    assert.equal(integration.run.concurrency, 2);
  });

  it("is six steps in verify, the unit tests being those beside the code", () => {
    const steps = verifySteps(root);
    assert.deepEqual(
      steps.map((step) => step.name),
      ["format", "lint", "types", "architecture", "unit", "dead code"],
    );
    const unit = steps.find((step) => step.name === "unit");
    assert.ok(unit?.kind === "tests");
    assert.deepEqual(unit.run.files, ["base/ids.test.ts", "examples/01/job.test.ts", "tools/report.test.ts"]);
    assert.ok(unit.run.concurrency >= 2 && unit.run.concurrency <= 8, `${unit.run.concurrency} at a time`);
  });
});
