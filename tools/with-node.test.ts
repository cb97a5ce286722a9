import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "node:test";
import { repositoryRoot } from "./find-node.mjs";

const launcher = join(repositoryRoot, "tools", "with-node.mjs");

describe("with-node", () => {
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [launcher, ...args], { encoding: "utf8" });

  it("runs a command with the child's Node first on the PATH and passes its exit code on", () => {
    const { status, stdout } = run("--exec", "node", "-p", "process.exitCode = 7; process.versions.node");
    assert.equal(status, 7);
    assert.ok(Number.parseInt(stdout, 10) >= 24, stdout);
  });

  it("exits with 128 + n when the child died by signal n", () => {
    assert.equal(run("--exec", "sh", "-c", "kill -9 $$").status, 137);
  });

  it("runs a script, without what Node says of timers that kafkajs sets", () => {
    // What stands where a script would is the first word behind Node's own options.
    const { stdout, stderr } = run(
      "--eval",
      "setTimeout(() => console.log('rang'), -5); process.emitWarning('of others');",
    );
    assert.equal(stdout, "rang\n");
    assert.doesNotMatch(stderr, /negative/);
    assert.match(stderr, /Warning: of others/);
  });

  it("says how it is used when it is given nothing", () => {
    const { status, stderr } = run();
    assert.equal(status, 1);
    assert.match(stderr, /usage: /);
  });

  it("says what is missing when the command cannot be started", () => {
    const { status, stderr } = run("--exec", "no-such-command");
    assert.equal(status, 1);
    assert.match(stderr, /^streamjob: Cannot start no-such-command: /m);
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`forwards ${signal} to the child and waits for it`, async () => {
      const program = `process.on("${signal}", () => process.exit(42)); setInterval(() => {}, 1000); console.log("ready");`;
      const child = spawn(process.execPath, [launcher, "--exec", "node", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await firstOutput(child);
      child.kill(signal);
      const [code] = await once(child, "exit");
      assert.equal(code, 42);
    });
  }
});

async function firstOutput(child: ChildProcess): Promise<void> {
  assert.ok(child.stdout !== null);
  // Two starts of Node, one after the other, on a machine that may be busy.
  await once(child.stdout, "data", { signal: AbortSignal.timeout(60_000) });
}
