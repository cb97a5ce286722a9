/** Supervision of real processes: trivial scripts that die in the ways that matter. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../base/index.ts";
import { isAlive } from "./job-registry.ts";
import { type ProcessExit, type Supervision, SupervisedProcess } from "./supervised-process.ts";

const DEADLINE_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "streamjob-supervised-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const forever = "process.on('disconnect', () => process.exit(0)); setInterval(() => {}, 1000); process.send('up');";
const node = (code: string): ChildProcess =>
  spawn(process.execPath, ["-e", code], { stdio: ["ignore", "ignore", "inherit", "ipc"] });

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = systemClock.monotonicMs() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(systemClock.monotonicMs() < deadline, `waited too long for: ${what}`);
    await sleep(systemClock, 5);
  }
}

type Run = {
  readonly supervised: SupervisedProcess;
  readonly pids: number[];
  readonly exits: [ProcessExit, number | null][];
  up: number;
};

function supervise(code: string, changes: Partial<Supervision> = {}): Run {
  const pids: number[] = [];
  const exits: [ProcessExit, number | null][] = [];
  const run = { pids, exits, up: 0 };
  const supervised = new SupervisedProcess({
    spawn: () => {
      const child = node(code);
      child.on("message", () => run.up++);
      return child;
    },
    decide: () => "restart",
    onStarted: (pid) => pids.push(pid),
    onExit: (exit, restartInMs) => exits.push([exit, restartInMs]),
    backoff: { firstMs: 10, factor: 2, maxMs: 40, resetAfterMs: 60_000 },
    clock: systemClock,
    ...changes,
  });
  return Object.assign(run, { supervised });
}

describe("a supervised process", () => {
  it("that is killed is started again under another pid, and the old one is gone (SU1)", async () => {
    const run = supervise(forever);
    await until(() => run.up === 1, "the first start");
    process.kill(run.pids[0] as number, "SIGKILL");
    await until(() => run.up === 2, "the second start");
    assert.notEqual(run.pids[0], run.pids[1]);
    assert.equal(run.exits[0]?.[0].signal, "SIGKILL");
    assert.equal(isAlive(run.pids[0] as number), false);
    assert.equal(run.supervised.pid, run.pids[1]);
    await run.supervised.end(5000);
  });

  it("that dies young again and again is started later and later, up to the limit", async () => {
    const run = supervise("process.exit(7)");
    await until(() => run.exits.length >= 5, "five exits");
    await run.supervised.kill();
    assert.deepEqual(
      run.exits.slice(0, 5).map(([exit, waitMs]) => [exit.code, waitMs]),
      [
        [7, 10],
        [7, 20],
        [7, 40],
        [7, 40],
        [7, 40],
      ],
    );
  });

  it("that lived long enough is started after the first wait again (SU3)", async () => {
    const run = supervise("process.exit(7)", { backoff: { firstMs: 10, factor: 2, maxMs: 40, resetAfterMs: 0 } });
    await until(() => run.exits.length >= 3, "three exits");
    await run.supervised.kill();
    assert.deepEqual(
      run.exits.slice(0, 3).map(([, waitMs]) => waitMs),
      [10, 10, 10],
    );
  });

  it("stays down when that is decided", async () => {
    const run = supervise("process.exit(3)", { decide: (exit) => (exit.code === 3 ? "end" : "restart") });
    await run.supervised.whenEnded;
    assert.deepEqual(
      run.exits.map(([, waitMs]) => waitMs),
      [null],
    );
    assert.equal(run.supervised.pid, null);
  });

  it("ends by itself when it is let go", async () => {
    const run = supervise(forever);
    await until(() => run.up === 1, "the start");
    await run.supervised.end(5000);
    assert.deepEqual(
      run.exits.map(([exit]) => exit.code),
      [0],
    );
  });

  it("that does not end when it is let go is made to", async () => {
    const deaf =
      "process.on('SIGTERM', () => {}); process.on('disconnect', () => {}); setInterval(() => {}, 1000); process.send('up');";
    const run = supervise(deaf);
    await until(() => run.up === 1, "the start");
    await run.supervised.end(50);
    assert.equal(run.exits[0]?.[0].signal, "SIGKILL");
  });

  it("that waits to be started again is not started after its end (SU2)", async () => {
    const run = supervise("process.exit(7)", { backoff: { firstMs: 30, factor: 1, maxMs: 30, resetAfterMs: 60_000 } });
    await until(() => run.exits.length === 1, "the first exit");
    await run.supervised.end(1000);
    await sleep(systemClock, 100);
    assert.equal(run.pids.length, 1);
  });

  it("that cannot be started at all counts as an exit", async () => {
    const missing = (): ChildProcess =>
      spawn(join(folder, "nothing"), [], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    const run = supervise("", { spawn: missing });
    await until(() => run.exits.length >= 2, "two exits");
    await run.supervised.kill();
    assert.equal(run.exits[0]?.[0].code, null);
  });
});

describe("a child", () => {
  const link = JSON.stringify(fileURLToPath(new URL("../../main/runner-link.ts", import.meta.url)));
  const base = JSON.stringify(fileURLToPath(new URL("../../base/index.ts", import.meta.url)));
  const child = (body: string): string => {
    const path = join(folder, `${Math.abs(hash(body))}.ts`);
    writeFileSync(
      path,
      `import { runChild } from ${link};\nimport { systemClock } from ${base};\nawait runChild("test", systemClock, async (config, link) => { ${body} });\n`,
    );
    return path;
  };
  const start = (path: string): ChildProcess => {
    const process_ = spawn(process.execPath, [path], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    process_.send({ kind: "start", config: { answer: 42 } });
    return process_;
  };
  const exitOf = (process_: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => process_.once("exit", resolve));
  const message = (process_: ChildProcess): Promise<unknown> =>
    new Promise((resolve) => process_.once("message", resolve));

  it("gets its configuration and exits with the code of its work", async () => {
    const running = start(child("return config.answer;"));
    assert.equal(await exitOf(running), 42);
  });

  it("that refuses tells why and exits with 4", async () => {
    const running = start(child("throw new Error('no such savepoint');"));
    const [told, code] = await Promise.all([message(running), exitOf(running)]);
    assert.match(JSON.stringify(told), /"refused".*no such savepoint/);
    assert.equal(code, 4);
  });

  it("with an error that nobody caught exits with 70", async () => {
    const running = start(
      child("Promise.reject(new Error('forgotten')); await new Promise(() => setInterval(() => {}, 1000));"),
    );
    assert.equal(await exitOf(running), 70);
  });

  it("ignores the terminal's SIGINT, which is for the runner (RL2)", async () => {
    const running = start(
      child(
        "link.onCancel(() => process.exit(9)); await link.send({ kind: 'listening' }); await new Promise(() => setInterval(() => {}, 1000));",
      ),
    );
    await message(running);
    running.kill("SIGINT");
    running.kill("SIGHUP");
    running.send({ kind: "cancel" });
    assert.equal(await exitOf(running), 9);
  });

  it("does not outlive a runner that is killed (PM1)", async () => {
    const body = "await link.send({ kind: 'listening' }); await new Promise(() => setInterval(() => {}, 1000));";
    const runnerPath = join(folder, "runner.mjs");
    writeFileSync(
      runnerPath,
      `import { spawn } from "node:child_process";
       const child = spawn(process.execPath, [${JSON.stringify(child(body))}], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
       child.send({ kind: "start", config: {} });
       child.once("message", () => process.send(child.pid));
       setInterval(() => {}, 1000);`,
    );
    const runner = spawn(process.execPath, [runnerPath], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const pid = (await message(runner)) as number;
    assert.equal(isAlive(pid), true);
    runner.kill("SIGKILL");
    await until(() => !isAlive(pid), "the orphan's end");
  });
});

function hash(text: string): number {
  let value = 7;
  for (const character of text) value = (value * 31 + character.charCodeAt(0)) | 0;
  return value;
}
