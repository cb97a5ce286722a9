import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { processIdentity, StreamError } from "../../base/index.ts";
import { homeFolder } from "./home-folder.ts";
import { findJob } from "./job-reference.ts";
import { isRunnerAlive, type JobRecord, pruneRecords, readRecord, readRecords, writeRecord } from "./job-registry.ts";
import { formatTable } from "../terminal/table.ts";

const folders: string[] = [];
const freshHome = () => {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-registry-"));
  folders.push(folder);
  return homeFolder(folder);
};
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const id = (n: number): string => n.toString(16).padStart(2, "0").repeat(16);
const GONE_PID = 2 ** 22 + 1; // above the largest process id that Linux gives

const record = (n: number, changes: Partial<JobRecord> = {}): JobRecord => ({
  version: 1,
  jobId: id(n),
  name: "words",
  module: "/jobs/words.ts",
  restUrl: "http://127.0.0.1:1",
  runnerPid: process.pid,
  runnerIdentity: processIdentity(process.pid),
  pids: { jobManager: 1, taskManagers: [2, 3] },
  startedMs: 1000 + n,
  checkpointRoot: "file:///c",
  jobManagerRestarts: 0,
  lastCheckpoint: null,
  lastSavepoint: null,
  terminal: null,
  ...changes,
});
const terminal = { status: "FINISHED", endedMs: 2000, restarts: 0, failure: null };

describe("the registry", () => {
  it("gives back what was written, newest first, and leaves no temporary file (JR1)", () => {
    const home = freshHome();
    assert.deepEqual(readRecords(home), []);
    for (const n of [1, 3, 2]) writeRecord(home, record(n));
    writeRecord(home, record(2, { name: "other" }));
    assert.deepEqual(readRecords(home), [record(3), record(2, { name: "other" }), record(1)]);
    assert.deepEqual(readRecord(home, id(1)), record(1));
    assert.equal(readRecord(home, id(9)), null);
    assert.deepEqual(
      readdirSync(home.jobs).filter((name) => !name.endsWith(".json")),
      [],
    );
  });

  it("is its owner's alone, and so are logs and checkpoints (JR4)", () => {
    const home = freshHome();
    mkdirSync(home.jobs, { mode: 0o755 });
    writeRecord(home, record(1));
    const modes = [home.jobs, home.checkpoints, join(home.root, "logs")].map((path) => statSync(path).mode & 0o777);
    assert.deepEqual(modes, [0o700, 0o700, 0o700]);
    assert.deepEqual(
      readdirSync(home.jobs).map((name) => statSync(join(home.jobs, name)).mode & 0o777),
      [0o600],
    );
  });

  it("names a damaged record and goes on with the others", () => {
    const home = freshHome();
    writeRecord(home, record(1));
    writeFileSync(join(home.jobs, `${id(2)}.json`), '{"version":1');
    writeFileSync(join(home.jobs, `${id(3)}.json`), '{"version":1,"jobId":7}');
    const damaged: string[] = [];
    assert.deepEqual(
      readRecords(home, (path) => damaged.push(path)),
      [record(1)],
    );
    assert.equal(damaged.length, 2);
  });

  it("leaves a record of a newer version alone, and says both versions (JR5)", () => {
    const home = freshHome();
    writeRecord(home, record(1));
    const path = join(home.jobs, `${id(1)}.json`);
    const newer = readFileSync(path, "utf8").replace('"version": 1', '"version": 2');
    writeFileSync(path, newer);
    const said: string[] = [];
    assert.deepEqual(
      readRecords(home, (_path, why) => said.push(why)),
      [],
    );
    assert.match(said.join(), /\.json is of version 2, and this program reads version 1: use the StreamJob/);
    pruneRecords(home);
    assert.equal(readFileSync(path, "utf8"), newer);
  });

  it("keeps the newest 50 of jobs that have ended, and all that may run (JR3)", () => {
    const home = freshHome();
    for (let n = 1; n <= 60; n++) writeRecord(home, record(n, { terminal }));
    writeRecord(home, record(0, { terminal: null }));
    pruneRecords(home);
    const left = readRecords(home);
    assert.equal(left.length, 51);
    assert.equal(left.at(-1)?.jobId, id(0));
    assert.equal(left.at(-2)?.jobId, id(11));
  });

  it("does not take another process with the runner's id for the runner", () => {
    assert.equal(isRunnerAlive(record(1)), true);
    assert.equal(isRunnerAlive(record(1, { runnerPid: process.ppid })), false);
    assert.equal(isRunnerAlive(record(1, { runnerIdentity: "another boot/7" })), false);
  });

  it("takes a job whose runner is gone as ended", () => {
    const home = freshHome();
    for (let n = 1; n <= 60; n++) writeRecord(home, record(n, { runnerPid: GONE_PID }));
    pruneRecords(home);
    assert.equal(readRecords(home).length, 50);
  });

  it("says which file cannot be written, and what to do", () => {
    const home = freshHome();
    writeFileSync(home.jobs, "in the way");
    assert.throws(
      () => writeRecord(home, record(1)),
      (error: StreamError) => error instanceof StreamError && /cannot write .*STREAMJOB_HOME/.test(error.message),
    );
  });
});

describe("<job> means", () => {
  const running = [record(0x12), record(0x34, { name: "lines" })];
  const ended = [record(0x56, { terminal }), record(0x12, { jobId: `12${"0".repeat(30)}`, name: "old", terminal })];
  const find = (reference: string): string =>
    findJob([...running, ...ended], reference, (candidate) => candidate.terminal === null).jobId;
  const refused = (reference: string, says: RegExp): void =>
    assert.throws(
      () => find(reference),
      (error: StreamError) => error.code === "JOB_NOT_FOUND" && says.test(error.message),
    );

  it("the job with that id, running or not", () => assert.equal(find(id(0x56)), id(0x56)));
  it("the job whose id begins so", () => assert.equal(find("34"), id(0x34)));
  it("the one running job of that name, whatever ended ones are called", () => assert.equal(find("words"), id(0x12)));
  it("nothing when two ids begin so, with both in the message", () => refused("12", new RegExp(`2 ids.*${id(0x12)}`)));
  it("nothing when two running jobs have the name", () => {
    const two = [record(1), record(2)];
    assert.throws(() => findJob(two, "words", () => true), new RegExp(`2 running jobs.*${id(1)}, ${id(2)}`));
  });
  it("nothing when the job of that name has ended, and says which it was", () =>
    refused("old", /no running job .* 120000/));
  it("nothing when there is no such job", () => refused("nothing", /streamjob list/));
});

describe("the table", () => {
  it("pads columns to their widest cell", () => {
    assert.deepEqual(
      formatTable([
        ["A", "LONG", "C"],
        ["aaa", "b", "c"],
      ]),
      ["A    LONG  C", "aaa  b     c"],
    );
  });
});
