import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { repositoryRoot } from "./find-node.mjs";

/** Not as a part of this test run, which would have it run nothing. */
const { NODE_TEST_CONTEXT: _, ...environment } = process.env;

const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(repositoryRoot, "tools", "contract.ts"), ...args], {
    encoding: "utf8",
    env: environment,
  });

describe("npm run contract", () => {
  it("says how it is used when it is not told where the server is", () => {
    for (const args of [[], ["no-url"], ["https://a", "https://b"]]) {
      const { status, stderr } = run(...args);
      assert.equal(status, 2);
      assert.match(stderr, /^usage: npm run contract -- <url>/);
    }
  });

  it("fails when there is no server", () => {
    const { status, stdout } = run("http://127.0.0.1:9");
    assert.equal(status, 1);
    assert.match(stdout, /^ℹ pass 0$/m);
  });
});
