import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { nextTurn, silentLog, StreamError } from "../../../base/index.ts";
import { dataFolder, type FencedBy, type FileRef } from "../../checkpoint/index.ts";
import { MemoryObjectStore, sha256Hex } from "../../storage/index.ts";
import { ManualClock } from "../../testkit/index.ts";
import { checkpoint, type Running, running, setting, type Setting, until } from "../scripted-job.test-support.ts";
import { Turns } from "../turns.ts";
import { StateInquiry } from "./state-inquiry.ts";

const STATE = Buffer.from("the state of a task");
const notFound = new StreamError("CHECKPOINT_CORRUPT", "the state file is missing");

/** A job with a checkpoint whose states are in a file. */
async function withStateFile(t: TestContext): Promise<{ place: Setting; job: Running; path: string }> {
  const sha256 = sha256Hex(STATE);
  const fileOf = (id: number): FileRef => ({ key: `${dataFolder(1, id)}/${sha256}`, sha256, length: STATE.length });
  const place = await setting(t, { script: { stateOf: (id) => ({ kind: "file", file: fileOf(id) }) } });
  const job = await running(t, place);
  const path = join(place.storeUri, fileOf(1).key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, STATE);
  await checkpoint(job);
  return { place, job, path };
}

/** A task says that it did not find it. */
function missFile({ world }: Setting): void {
  const one = [...world.taskManagers.values()].at(-1);
  const task = one?.tasks[0];
  assert.ok(one !== undefined && task !== undefined);
  one.fail(task, notFound);
}

test("SIQ1 a file that one TaskManager did not find and that is there costs a restart, and not the job", async (t) => {
  const { place, job } = await withStateFile(t);
  missFile(place);
  await until("it has restarted", () => job.manager.job().restarts === 1 && job.manager.job().status === "RUNNING");
});

test("SIQ1 a file that the JobManager does not find either fails the job, which names it", async (t) => {
  const { place, job, path } = await withStateFile(t);
  rmSync(path);
  const deployed = place.world.deployed.length;
  missFile(place);
  assert.equal(await job.ended, "FAILED");
  const { failure } = job.manager.job();
  assert.equal(failure?.code, "CHECKPOINT_CORRUPT");
  assert.ok(failure.message.includes(`${path} is missing`), failure.message);
  assert.equal(place.world.deployed.length, deployed, "it was deployed again");
});

type Play = {
  readonly inquiry: StateInquiry;
  readonly lost: StreamError[];
  readonly fenced: FencedBy[];
  /** How often the log was looked at. */
  readonly looks: () => number;
  /** Answers of the log, in order; after the last one it leads. */
  readonly answers: (() => FencedBy | null)[];
  ask(): Promise<void>;
  wait(): Promise<void>;
};

/** A state of one file, in a store that does not have it. */
function asking(t: TestContext): Play {
  const clock = new ManualClock();
  const turns = new Turns(clock, () => undefined);
  t.after(() => turns.close());
  let looks = 0;
  const answers: (() => FencedBy | null)[] = [];
  const log = {
    store: new MemoryObjectStore("inquiry"),
    fencedBy: null as FencedBy | null,
    confirmLead: () => {
      looks++;
      log.fencedBy = answers.shift()?.() ?? null;
      return Promise.resolve();
    },
  };
  const lost: StreamError[] = [];
  const fenced: FencedBy[] = [];
  const file: FileRef = { key: "data/1-1/x", sha256: "0".repeat(64), length: 1 };
  const inquiry = new StateInquiry({
    log,
    point: () => ({ storedFiles: () => new Map([[log.store.uri, [file]]]) }),
    turns,
    logger: silentLog,
    onFenced: (by) => void fenced.push(by),
    onLost: (error) => void lost.push(error),
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await nextTurn();
  };
  return {
    inquiry,
    lost,
    fenced,
    looks: () => looks,
    answers,
    ask: () => {
      turns.run(() => inquiry.ask());
      return settle();
    },
    wait: () => {
      clock.advance("5 s");
      return settle();
    },
  };
}

test("SIQ2 SIQ3 in a store that does not show what it has, nothing is lost yet: it is asked again, and nothing is deployed", async (t) => {
  const { inquiry, lost, answers, looks, ask, wait } = asking(t);
  const hides = (): never => {
    throw new StreamError("STORE_UNAVAILABLE", "it does not list its newest manifest");
  };
  answers.push(hides, hides);
  await ask();
  assert.deepEqual([looks(), inquiry.isSure, lost], [1, false, []]);
  await ask();
  assert.equal(looks(), 1, "one question at a time");
  await wait();
  assert.deepEqual([looks(), inquiry.isSure, lost], [2, false, []]);
  await wait();
  assert.deepEqual(
    [inquiry.isSure, lost.map(({ code, destiny }) => [code, destiny])],
    [true, [["CHECKPOINT_CORRUPT", "terminal"]]],
  );
});

test("SIQ3 what a zombie misses is no loss: its successor has taken over", async (t) => {
  const { lost, fenced, answers, ask } = asking(t);
  const by: FencedBy = { epoch: 2, processId: "another" };
  answers.push(() => by);
  await ask();
  assert.deepEqual([fenced, lost], [[by], []]);
});
