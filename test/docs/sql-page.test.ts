/**
 * What docs/sql.md shows: the job compiles and runs, and each script has a plan.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { planScript } from "../../runtime/sql/index.ts";
import type { Job } from "../../runtime/api/index.ts";
import { functionModules } from "../../runtime/table/engine.ts";
import { JobDriver } from "../../runtime/testkit/index.ts";
import { PageExamples } from "./page-examples.ts";

const page = new PageExamples("docs/sql.md");

const blocks = (language: string): readonly string[] =>
  [...page.text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text = ""]) => text);

test("the job of docs/sql.md compiles, and prints a total", async () => {
  assert.equal(await page.typeErrors(), "");
  const { default: job } = (await page.load("totals.ts")) as { default: Job };
  await using driver = await JobDriver.start(job, { parallelism: 1 });
  await driver.run();
  assert.deepEqual(driver.output("printed"), ["ann 1.5"]);
});

test("each script of docs/sql.md has a plan", async () => {
  const functions = await functionModules(blocks("sql").join(";\n"), (specifier) => page.load(specifier.slice(2)));
  const manifests = blocks("yaml").map((text) => (parse(text) as { spec: { job: { sql: string } } }).spec.job.sql);
  const scripts = [...blocks("sql"), ...manifests];
  assert.ok(scripts.length >= 4);
  for (const script of scripts) {
    const plan = planScript(script, { functionSource: functions });
    assert.deepEqual(plan.kind === "problems" ? plan.problems : [], [], script);
  }
});
