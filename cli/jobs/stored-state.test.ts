import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { jobId, processIdentity, seededRandom, StreamError, systemClock } from "../../base/index.ts";
import {
  type CheckpointLog,
  claimEpoch,
  manifestKey,
  newSavepointUri,
  writeFence,
  writeSavepointManifest,
} from "../../runtime/checkpoint/index.ts";
import { openStore } from "../../runtime/storage/index.ts";
import { type HomeFolder, homeFolder } from "./home-folder.ts";
import { type JobRecord, writeRecord } from "./job-registry.ts";
import { JOB, start as startRest } from "../../runtime/rest/hand-written-control.test-support.ts";
import { listCommand } from "./list-command.ts";
import { newestStateOf, resolveRestorePath, storedStateOf } from "./stored-state.ts";
import { testTerminal } from "../terminal/terminal.test-support.ts";

const folder = mkdtempSync(join(tmpdir(), "streamjob-stored-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const ID = jobId("0123456789abcdef0123456789abcdef");
const GONE_PID = 2 ** 22 + 1; // above the largest process id that Linux gives
const random = seededRandom(3);
const draft = {
  kind: "checkpoint",
  triggeredMs: 1,
  completedMs: 2,
  storeUri: null,
  operators: [],
  committables: 0,
} as const;

let home: HomeFolder;
let log: CheckpointLog;
let record: JobRecord;
let number = 0;

beforeEach(async () => {
  home = homeFolder(join(folder, String(number++)));
  const store = await openStore(join(home.checkpoints, "default", ID));
  const claim = await claimEpoch(store, { processId: random.hex(16), jobId: ID, random, clock: systemClock });
  const fence = await writeFence(claim, { jobName: "words" });
  assert.ok(fence.kind === "ready");
  log = fence.log;
  record = {
    version: 1,
    jobId: ID,
    name: "words",
    module: "/jobs/words.ts",
    restUrl: "http://127.0.0.1:1",
    runnerPid: GONE_PID,
    runnerIdentity: null,
    pids: { jobManager: null, taskManagers: [] },
    startedMs: 1000,
    checkpointRoot: store.uri,
    jobManagerRestarts: 0,
    lastCheckpoint: null,
    lastSavepoint: null,
    terminal: null,
  };
});

/** Returns its path. */
async function checkpoint(id: number): Promise<string> {
  const outcome = await log.complete({ ...draft, checkpointId: id });
  assert.ok(outcome.kind === "completed");
  return `${log.store.uri}/${manifestKey(outcome.manifest.seq)}`;
}

async function savepoint(id: number): Promise<string> {
  const store = await openStore(newSavepointUri(home.savepoints, ID, random));
  const taken = { ...draft, kind: "savepoint", checkpointId: id, storeUri: store.uri } as const;
  await writeSavepointManifest(store, log, taken);
  assert.equal((await log.complete(taken)).kind, "completed");
  return store.uri;
}

function write(changes: Partial<JobRecord> = {}): void {
  record = { ...record, ...changes };
  writeRecord(home, record);
}

async function list(output: "text" | "wide" | "json" = "text"): Promise<string> {
  const lines: string[] = [];
  await listCommand(home, testTerminal(lines, lines, { random }), output);
  return lines.join("\n");
}

describe("what is there of a job's state", () => {
  it("is the newest of its store, and not what the record says (SST1, LI1)", async () => {
    const old = await checkpoint(1);
    write({ lastCheckpoint: old });
    const newest = await checkpoint(2);
    await log.discard({ numRetained: 1 });
    assert.deepEqual(await storedStateOf(record), { checkpoint: newest, savepoint: null });
    const shown = await list("wide");
    assert.match(shown, /NOT RUNNING/);
    assert.ok(shown.includes(newest) && !shown.includes(old), shown);
    const { items } = JSON.parse(await list("json"));
    assert.deepEqual([items.length, items[0].jobId, items[0].lastCheckpoint, items[0].restarts], [1, ID, newest, null]);
  });

  it("is listed in 80 columns, by an id that other commands take", async () => {
    write({
      name: "a name of a job that is longer than a whole line of a terminal may ever be",
      lastSavepoint: await savepoint(2),
    });
    const lines = (await list()).split("\n");
    assert.ok(
      lines.every((line) => line.length <= 80),
      lines.join("\n"),
    );
    assert.match(lines[1] ?? "", /^01234567  a name of a job that i.*…  NOT RUNNING +\d+\w* +- +savepoint$/);
  });

  it("is shown with the tasks that make no progress, and what they wait for (T46)", async () => {
    const rest = await startRest(); // it is closed after the tests
    const runnerIdentity = processIdentity(process.pid);
    write({ jobId: JOB, restUrl: rest.url, runnerPid: process.pid, runnerIdentity });
    // On a busy machine the JobManager may not answer within the command's patience at first.
    let shown = await list();
    const deadlineMs = systemClock.monotonicMs() + 60_000;
    while (/UNREACHABLE/.test(shown) && systemClock.monotonicMs() < deadlineMs) shown = await list();
    assert.match(shown, /^words: no progress in .* \(1\/\d+\) for 31 s: files \(uid out\): its prepareSnapshot$/m);
  });

  it("is nothing when the store is empty or gone, whatever the record says", async () => {
    write({ lastCheckpoint: await checkpoint(1), lastSavepoint: await savepoint(2) });
    rmSync(home.checkpoints, { recursive: true });
    rmSync(home.savepoints, { recursive: true });
    assert.deepEqual(await storedStateOf(record), { checkpoint: null, savepoint: null });
    assert.match(await list("wide"), /NOT RUNNING.*-  +-$/m);
    assert.match(await list(), /NOT RUNNING +\d+\w* +- +-$/m);
  });

  it("is a savepoint when that came last, also when the job's own log is gone", async () => {
    await checkpoint(1);
    const saved = await savepoint(2);
    write({ lastSavepoint: saved });
    assert.equal(await newestStateOf(record), saved);
    rmSync(home.checkpoints, { recursive: true });
    assert.equal(await newestStateOf(record), saved);
  });
});

describe("what -s means", () => {
  const refused = (text: string, code: string, pattern: RegExp): Promise<void> =>
    assert.rejects(resolveRestorePath(home, text), (error) => {
      assert.ok(error instanceof StreamError);
      assert.equal(error.code, code);
      assert.match(error.message, pattern);
      return true;
    });

  it("is a path as it is", async () => {
    for (const path of ["/s/savepoint-1", "./savepoint-1", "file:///s", "package.json"]) {
      assert.equal(await resolveRestorePath(home, path), path);
    }
  });

  it("is the newest state of a job by its id, the beginning of that, or its name", async () => {
    write();
    const newest = await checkpoint(1);
    for (const text of [ID, ID.slice(0, 8), "words"]) assert.equal(await resolveRestorePath(home, text), newest);
  });

  it("is the newest job of that name that has any state", async () => {
    write();
    const newest = await checkpoint(1);
    const other = "f".repeat(32);
    writeRecord(home, { ...record, jobId: other, startedMs: 2000, checkpointRoot: `file://${home.checkpoints}/x` });
    assert.equal(await resolveRestorePath(home, "words"), newest);
    await refused(other, "SAVEPOINT_NOT_FOUND", /that job has no checkpoint and no savepoint to start from/);
  });

  it("is refused while the job runs: its checkpoints go", async () => {
    write({ runnerPid: process.pid });
    await checkpoint(1);
    await refused("words", "JOB_STATE_CONFLICT", /streamjob stop words/);
  });

  it("is refused when there is neither a file nor a job of that name", () =>
    refused("wrods", "SAVEPOINT_NOT_FOUND", /no such file or folder, and no job/));
});
