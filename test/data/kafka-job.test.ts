/**
 * A job from Kafka to Kafka whose processes are killed: what a reader of committed records sees has to be that of a calm run.
 *
 * KJT1 Words are written while the job runs, so that there is always a transaction open; the job ends when it has read them all.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom, sleep, systemClock } from "../../base/index.ts";
import type { JobRun } from "../integration/job-run.ts";
import { expectedLines, wordOf } from "../integration/jobs/word-count.ts";
import { inWorkspace, type Workspace } from "../integration/workspace.ts";
import { testKafka } from "./kafka-topics.ts";

const MODULE = new URL("./jobs/kafka-count.ts", import.meta.url).pathname;
const kafka = await testKafka();
const WORDS = 17;
const ROUNDS = 8;
const ROUND = 200;
const RECORDS = ROUNDS * ROUND;

type Failpoints = { readonly jobManager?: string; readonly taskManagers?: readonly string[] };
type Told = { readonly run: JobRun; readonly round: number; readonly workspace: Workspace };

/** Runs the job over all words, written in rounds; `between` is called after each, with the job running. */
async function runJob(failpoints: Failpoints | null, between: (told: Told) => Promise<void>): Promise<void> {
  await inWorkspace("kafka", async (workspace) => {
    const topics = kafka.topics();
    const from = await topics.create("words", 2);
    const to = await topics.create("counts", 2);
    const args = ["--brokers", topics.bootstrap, "--from", from, "--to", to, "--end", String(RECORDS / 2)];
    const run = await workspace.start({
      module: MODULE,
      args,
      parallelism: 2,
      taskManagers: 2,
      ...(failpoints === null ? {} : { failpoints: failpoints as never }),
    });
    for (let round = 0; round < ROUNDS; round++) {
      const numbers = Array.from({ length: ROUND }, (_, index) => round * ROUND + index);
      await topics.write(
        from,
        numbers.map((number) => ({ value: wordOf(number, WORDS), partition: number % 2 })),
      );
      if (round < ROUNDS - 1) await between({ run, round, workspace });
    }
    await run.finish();
    const written = (await topics.read(to)).map(({ value }) => value ?? "null");
    assert.deepEqual(written.toSorted(), expectedLines(RECORDS, WORDS).toSorted());
  });
}

const nextCheckpoint = async ({ run }: Told): Promise<void> => void (await run.nextCheckpoint());

describe("a job from Kafka to Kafka, exactly once", { skip: kafka.skip }, () => {
  it("EO-8 is resumed when a process is killed between checkpoint and commit, before one and after one", () =>
    runJob({ taskManagers: ["tm:before-commit=kill@2", "tm:after-commit=kill@3"] }, nextCheckpoint));

  it("is exact when its JobManager and its TaskManagers are killed at random moments", () => {
    const seed = Math.floor(systemClock.nowMs() / 1000) % 1_000_000;
    const random = seededRandom(seed);
    return runJob(null, async (told) => {
      const { run, round, workspace } = told;
      if (round === 0) workspace.note(`seed ${seed}`);
      await nextCheckpoint(told);
      // Not to wait for anything: this is the random moment.
      await sleep(systemClock, random.next() * 500);
      const { jobManager, taskManagers } = run.cluster.pids();
      const pid = random.next() < 0.3 ? jobManager : taskManagers[Math.floor(random.next() * taskManagers.length)];
      if (typeof pid !== "number") return;
      workspace.note(`round ${round}: ${pid === jobManager ? "JobManager" : "TaskManager"} ${pid} is killed`);
      process.kill(pid, "SIGKILL");
    });
  });

  it("EO-10 reads partitions that are added while it runs, from their first record, once, also after a restart", () =>
    inWorkspace("kafka-partitions", async (workspace) => {
      const topics = kafka.topics();
      const [from, to] = [await topics.create("growing", 1), await topics.create("counts", 2)];
      const args = ["--brokers", topics.bootstrap, "--from", from, "--to", to];
      let written = 0;
      const write = async (partitions: number): Promise<void> => {
        const numbers = Array.from({ length: ROUND }, (_, index) => written + index);
        await topics.write(
          from,
          numbers.map((number) => ({ value: wordOf(number, WORDS), partition: number % partitions })),
        );
        written += ROUND;
      };
      const counted = (): Promise<void> =>
        run.until("all words to be counted", async () => (await topics.read(to)).length >= written);
      await write(1);
      const run = await workspace.start({ module: MODULE, args, parallelism: 2, taskManagers: 2 });
      await counted();
      await topics.addPartitions(from, 3);
      await write(3);
      await counted();
      process.kill(run.cluster.pids().taskManagers[0] as number, "SIGKILL");
      await topics.addPartitions(from, 5);
      await write(5);
      await counted();
      process.kill(run.cluster.pids().jobManager as number, "SIGKILL");
      await write(5);
      await counted();
      await run.nextCheckpoint();
      const lines = (await topics.read(to)).map(({ value }) => value ?? "null");
      assert.deepEqual(lines.toSorted(), expectedLines(written, WORDS).toSorted());
      await run.cancel();
    }));
});
