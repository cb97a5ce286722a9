import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog, systemClock } from "../../base/index.ts";
import { ChildLedger } from "./child-ledger.ts";

const folder = mkdtempSync(join(tmpdir(), "child-ledger-"));
test.after(() => rmSync(folder, { recursive: true }));

function startSleeper(): { child: ChildProcess; pid: number; gone: Promise<NodeJS.Signals | null> } {
  const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  const gone = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  assert.ok(child.pid !== undefined);
  return { child, pid: child.pid, gone };
}

test("what an earlier kubelet left is killed, even when it is stopped (CHL2)", async () => {
  const { child, pid, gone } = startSleeper();
  child.kill("SIGSTOP");
  await new ChildLedger(join(folder, "a")).add(pid, "prod/p");
  await new ChildLedger(join(folder, "a")).reap(systemClock, silentLog);
  assert.equal(await gone, "SIGKILL");
  assert.deepEqual(readdirSync(join(folder, "a")), []);
});

test("a stranger that got the same id is not killed (CHL1)", async () => {
  const { child, pid, gone } = startSleeper();
  const ledger = new ChildLedger(join(folder, "b"));
  await ledger.add(pid, "prod/p");
  const file = join(folder, "b", `${pid}.json`);
  const entry = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...entry, identity: `${entry.identity}0` }));
  await ledger.reap(systemClock, silentLog);
  child.kill("SIGTERM");
  assert.equal(await gone, "SIGTERM");
  assert.deepEqual(readdirSync(join(folder, "b")), []);
});

test("a process that is gone is not written down, one that ended is forgotten, and half an entry does no harm", async () => {
  const { child, pid, gone } = startSleeper();
  const ledger = new ChildLedger(join(folder, "c"));
  await ledger.add(pid, "prod/p");
  await ledger.remove(pid);
  child.kill("SIGKILL");
  await gone;
  await ledger.add(pid, "prod/p");
  assert.deepEqual(readdirSync(join(folder, "c")), []);
  writeFileSync(join(folder, "c", "1.json"), '{"pid":1,"ident');
  await ledger.reap(systemClock, silentLog);
  assert.deepEqual(readdirSync(join(folder, "c")), []);
});
