/**
 * Owns: one run of the exactly-once chaos, as its plan says (plan.ts).
 *
 * XOR1 Faults come at random moments, mostly when the job has come back from the one before (a checkpoint that was triggered after it has
 *      completed), every fourth earlier. A job that is over before all of them have come was fast; the run says which came.
 */
import { type Random, seededRandom, sleep, systemClock, systemRandom } from "../../../base/index.ts";
import type { JobRun, RunOptions } from "../../integration/job-run.ts";
import { countedLines } from "../../integration/jobs/word-count.ts";
import type { Workspace } from "../../integration/workspace.ts";
import { failpointsOf, failpointsReached } from "../armed.ts";
import { holdUntilTakenOver, letGo, someoneHeld } from "../held.ts";
import { type Downtime, downtimes, type Scene } from "./downtimes.ts";
import { faults } from "./faults.ts";
import type { JobInput } from "./job.ts";
import { assertExact, type Traces } from "./oracle.ts";
import { describePlan, type Holding, type RunPlan, TASK_MANAGERS } from "./plan.ts";
import type { Servers } from "./servers.ts";
import { cacheOf, ledgerOf, wordsOf } from "./words.ts";

const MODULE = new URL("./job.ts", import.meta.url).pathname;
const PARTITIONS = 3;
/** A fault comes at most so long after the job has come back. */
const MOMENT_MS = 800;
const FINISH_WITHIN_MS = 300_000;
const SHORT_TRANSACTION_MS = 5000;
const LONG_TRANSACTION_MS = 600_000;

/** What a run that was good has seen. */
export type RunReport = {
  /** Each begins with the row of the fault matrix. */
  readonly faults: readonly string[];
  /** Failpoints at which a process died or stood still. */
  readonly failpoints: readonly string[];
  /** Of the tasks, as the last JobManager counted. */
  readonly restarts: number;
};

/** Errors: what is wrong on the servers, or the job did not finish. */
export async function faultyRun(workspace: Workspace, servers: Servers, plan: RunPlan): Promise<RunReport> {
  const startedMs = systemClock.monotonicMs();
  const tell = (what: string): void => {
    workspace.note(`${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1)} s: ${what}`);
  };
  workspace.note(`seed ${plan.seed}: ${describePlan(plan)}`);
  const words = wordsOf(plan.seed, plan.records);
  const input = await inputOf(servers, plan, words);
  const options = optionsOf(workspace, servers, plan, input);
  const run = await workspace.start({ ...options, failpoints: failpointsOf(plan.failpoints) });
  tell("started");
  const traces: Traces = {
    output: input.output,
    table: input.table,
    mode: plan.mode,
    mayTimeOut: isShort(plan),
    mayLeaveBranches: plan.mode === "xa" && (plan.downtime?.startsWith("13 the job is cancelled") ?? false),
  };
  const expected = countedLines(words);
  const random = seededRandom(plan.seed ^ 0x5eed);
  const course = new Course({ workspace, servers, traces, expected, random, run, options }, tell);
  await course.go(plan);
  const { restarts } = await course.run.finish("FINISHED", FINISH_WITHIN_MS);
  tell("finished");
  await assertExact(servers, traces, expected);
  tell("exact");
  return { faults: course.happened, failpoints: failpointsReached(course.runs), restarts };
}

/** What happens to the job, one thing after the other. */
class Course {
  readonly happened: string[] = [];
  readonly runs: JobRun[];
  readonly #scene: Scene;
  readonly #tell: (what: string) => void;

  constructor(scene: Scene, tell: (what: string) => void) {
    this.#scene = scene;
    this.#tell = tell;
    this.runs = [scene.run];
  }

  /** The one that runs now. */
  get run(): JobRun {
    return this.runs.at(-1) as JobRun;
  }

  async go({ held, downtime, faults: names }: RunPlan): Promise<void> {
    const { random, servers, traces } = this.#scene;
    if (held !== null) await this.#hold(held);
    if (held === "until killed") await this.#takeDown(downtime);
    let sinceMs = 0;
    for (const [place, name] of names.entries()) {
      const isEarly = place > 0 && random.next() < 0.25;
      if (!(await this.#isMoment(isEarly ? null : sinceMs, random))) return;
      sinceMs = systemClock.nowMs();
      await faults[name]({ run: this.run, servers, table: traces.table, random });
      this.#note(name, isEarly ? ", early" : "");
    }
    if (held !== "until killed" && downtime !== null && (await this.#isMoment(sinceMs, random)))
      await this.#takeDown(downtime);
  }

  /** Waits for the job to come back, unless `sinceMs` is null, and then for a random moment; false: it is over. */
  async #isMoment(sinceMs: number | null, random: Random): Promise<boolean> {
    if (sinceMs !== null && !(await this.run.comesBack(sinceMs))) return false;
    // Not to wait for anything: this is the random moment.
    await sleep(systemClock, random.next() * MOMENT_MS);
    return this.run.outcome === null;
  }

  async #hold(how: Holding): Promise<void> {
    const { random, servers } = this.#scene;
    const pid = await someoneHeld(this.run);
    if (pid === null || how === "until killed") return;
    if (how === "until cut off") {
      const sinceMs = systemClock.nowMs();
      servers.databaseRelay.forsake();
      await this.run.until("the job to come back", async () => {
        // Those too that come to the failpoint only now.
        await letGo(this.run);
        return this.run.outcome !== null || ((await this.run.newest())?.triggeredMs ?? 0) > sinceMs;
      });
      this.#note("14 the sinks' connections break, and the database does not notice", " at a failpoint");
      return;
    }
    const isJobManager = pid === this.run.cluster.pids().jobManager;
    await holdUntilTakenOver(this.run, pid, random);
    const name = isJobManager
      ? "4 the JobManager stands still"
      : "5 a TaskManager stands still until another has taken over";
    this.#note(name, " at a failpoint");
  }

  async #takeDown(name: RunPlan["downtime"]): Promise<void> {
    if (name === null || this.run.outcome !== null) return;
    const { go }: Downtime = downtimes[name];
    const next = await go({ ...this.#scene, run: this.run });
    if (next === null) return;
    this.runs.push(next.run);
    this.#note(name, next.what === undefined ? "" : `: ${next.what}`);
  }

  #note(name: string, more: string): void {
    this.happened.push(name);
    this.#tell(`${name}${more}`);
  }
}

async function inputOf(servers: Servers, plan: RunPlan, words: readonly string[]): Promise<JobInput> {
  const input = await servers.topics.create("words", PARTITIONS);
  const output = await servers.topics.create("counts", PARTITIONS);
  await servers.topics.write(
    input,
    words.map((value, index) => ({ value, partition: index % PARTITIONS })),
  );
  const table = `counts_${plan.seed}_${systemRandom.hex(3)}`;
  await servers.query(`create table ${table} (word varchar(20) not null, n int not null)`);
  await servers.fillCache(cacheOf(output));
  return {
    brokers: servers.topics.bootstrap,
    input,
    ends: endsOf(plan.records),
    output,
    transactionTimeoutMs: isShort(plan) ? SHORT_TRANSACTION_MS : LONG_TRANSACTION_MS,
    server: servers.databaseOfJobs,
    table,
    ledgerTable: ledgerOf(table),
    mode: plan.mode,
    cache: servers.cache,
    cachePrefix: output,
  };
}

function optionsOf(workspace: Workspace, servers: Servers, plan: RunPlan, input: JobInput): RunOptions {
  const store = plan.storage === "s3" ? `s3://${servers.bucket}/${input.output}` : workspace.path("checkpoints");
  return {
    module: MODULE,
    args: [JSON.stringify(input)],
    parallelism: 2,
    // One to spare, for one that stands still.
    taskManagers: TASK_MANAGERS,
    slots: 1,
    jobId: systemRandom.hex(16),
    options: {
      "execution.checkpointing.dir": store,
      "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    },
  };
}

const isShort = ({ downtime }: RunPlan): boolean => downtime?.startsWith("11 ") ?? false;

function endsOf(records: number): Readonly<Record<number, number>> {
  const ends = Array.from({ length: PARTITIONS }, (_, partition) => [
    partition,
    Math.ceil((records - partition) / PARTITIONS),
  ]);
  return Object.fromEntries(ends) as Readonly<Record<number, number>>;
}
