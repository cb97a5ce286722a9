import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { outcomeOf, type TestOutcome } from "./test-run.ts";

const moduleUrl = new URL("./test-run.ts", import.meta.url).href;

describe("counting a run of node:test", () => {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-run-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the sources as test files, in a process of its own since the run writes to its terminal. */
  function count(...sources: string[]): TestOutcome {
    const files = sources.map((source, index) => {
      const path = join(folder, `${index}.test.mjs`);
      writeFileSync(path, `import { describe, it } from "node:test";\n${source}\n`);
      return path;
    });
    const run = JSON.stringify({ files, concurrency: 1, timeoutMs: 10_000 });
    const program = `
      const { runTests } = await import(${JSON.stringify(moduleUrl)});
      const outcome = await runTests(${run}, process.env);
      process.stderr.write(JSON.stringify(outcome));`;
    const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    return JSON.parse(stderr);
  }

  it("counts passed, failed, skipped and unfinished tests, and no suites", () => {
    const outcome = count(
      `describe("s", () => { it("a", () => {}); it("b", { skip: true }, () => {}); it.todo("c"); });`,
      `it("d", () => { throw new Error("planted"); }); it("e", () => {});`,
    );
    const { failures, ...counts } = outcome;
    assert.deepEqual(counts, { passed: 2, failed: 1, skipped: 2 });
    assert.deepEqual(
      failures.map(({ name }) => name),
      ["d"],
    );
  });

  it("names what failed with the suites around it, and its error, and no suite beside it (CRE2)", () => {
    const { failures } = count(
      `describe("s", () => { describe("t", () => { it("a", () => { throw new Error("planted"); }); it("b", () => {}); }); });`,
      `import assert from "node:assert"; it("long", () => assert.deepEqual(Array.from({ length: 200 }, (_, i) => i), []));`,
    );
    assert.deepEqual(
      failures.map(({ name }) => name),
      ["s > t > a", "long"],
    );
    assert.match(failures[0]?.error ?? "", /^Error: planted\n    at /);
    assert.match(failures[1]?.error ?? "", /more lines\)$/);
  });

  it("takes a file without tests for a failure", () => {
    const outcome = count(`it("a", () => {});`, "");
    assert.deepEqual(outcome, {
      passed: 1,
      failed: 1,
      skipped: 0,
      failures: [],
      problem: `no test in ${join(folder, "1.test.mjs")}`,
    });
  });

  it("takes a file that cannot be loaded for a failure", () => {
    const { failures, ...counts } = count(`import "./absent.mjs";`);
    assert.deepEqual(counts, { passed: 0, failed: 1, skipped: 0 });
    assert.match(failures[0]?.name ?? "", /0\.test\.mjs$/);
  });

  it("shares what was compiled inside the run, and leaves nothing of it behind (RUN2)", () => {
    const told = join(folder, "told");
    const used = `import { writeFileSync } from "node:fs"; import { getCompileCacheDir } from "node:module";`;
    const outcome = count(`${used}\nit("a", () => writeFileSync(${JSON.stringify(told)}, getCompileCacheDir()));`);
    assert.deepEqual(outcome, { passed: 1, failed: 0, skipped: 0, failures: [] });
    assert.match(readFileSync(told, "utf8"), /streamjob-counts-/);
    assert.equal(existsSync(readFileSync(told, "utf8")), false);
  });

  it("takes a runner that died without counts for a failure (RUN1)", () => {
    assert.match(outcomeOf(undefined, 134).problem ?? "", /exit code 134 and no counts/);
    assert.equal(outcomeOf("", 0).failed, 1);
  });

  it("takes a bad exit code without a failed test for a failure (RUN1)", () => {
    const counts = JSON.stringify({ passed: 2, failed: 0, skipped: 0, emptyFiles: [], failures: [] });
    assert.deepEqual(outcomeOf(counts, 1), {
      passed: 2,
      failed: 1,
      skipped: 0,
      failures: [],
      problem: "the test runner ended with exit code 1",
    });
    assert.equal(outcomeOf(counts, 0).failed, 0);
  });
});
