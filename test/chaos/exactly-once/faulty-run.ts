/**
 * Owns: one run of the exactly-once chaos: a seed says the input, the mode of the database's sink, and what breaks when.
 *
 * XOR1 Faults come at random moments, mostly when the job has come back from the one before (a checkpoint that was triggered after it has
 *      completed), every fourth earlier. A job that is over before all of them have come was fast; the run says how many came.
 * XOR2 With `isLeftDead` the whole job is killed in the middle and left dead until Kafka has given its transactions up; then the same
 *      job starts again on its checkpoints (row 11).
 */
import { seededRandom, sleep, systemClock, systemRandom } from "../../../base/index.ts";
import type { RunOptions } from "../../integration/job-run.ts";
import { countedLines } from "../../integration/jobs/word-count.ts";
import { until } from "../../integration/until.ts";
import type { Workspace } from "../../integration/workspace.ts";
import { type FaultName, faultNames, faults } from "./faults.ts";
import type { JobInput } from "./job.ts";
import { assertExact } from "./oracle.ts";
import type { Servers } from "./servers.ts";
import { wordsOf } from "./words.ts";

const MODULE = new URL("./job.ts", import.meta.url).pathname;
const PARTITIONS = 3;
/** A fault comes at most so long after the job has come back. */
const MOMENT_MS = 800;
const FINISH_WITHIN_MS = 300_000;
const GIVEN_UP_WITHIN_MS = 120_000;
const SHORT_TRANSACTION_MS = 5000;
const LONG_TRANSACTION_MS = 600_000;

export type RunPlan = {
  readonly seed: number;
  readonly records: number;
  readonly faults: readonly FaultName[];
  readonly mode: "ledger" | "xa";
  readonly isLeftDead: boolean;
};

/** The plan of a seed. */
export function planOf(seed: number, records: number): RunPlan {
  const random = seededRandom(seed);
  const count = 2 + Math.floor(random.next() * 3);
  const mode = random.next() < 0.5 ? "ledger" : "xa";
  const isLeftDead = random.next() < 0.15;
  const chosen = Array.from(
    { length: count },
    () => faultNames[Math.floor(random.next() * faultNames.length)] as FaultName,
  );
  return { seed, records, faults: chosen, mode, isLeftDead };
}

/** Answers the faults that came. Errors: what is wrong on the servers, or the job did not finish. */
export async function faultyRun(workspace: Workspace, servers: Servers, plan: RunPlan): Promise<readonly string[]> {
  const { seed, records, mode, isLeftDead } = plan;
  const random = seededRandom(seed ^ 0x5eed);
  const words = wordsOf(seed, records);
  workspace.note(`seed ${seed}: ${mode}, ${plan.faults.join("; ")}${isLeftDead ? "; 11 left dead" : ""}`);
  const input = await servers.topics.create("words", PARTITIONS);
  const output = await servers.topics.create("counts", PARTITIONS);
  const messages = words.map((value, index) => ({ value, partition: index % PARTITIONS }));
  await servers.topics.write(input, messages);
  const table = `counts_${seed}_${systemRandom.hex(3)}`;
  await servers.query(`create table ${table} (word varchar(20) not null, n int not null)`);
  const jobInput: JobInput = {
    brokers: servers.topics.bootstrap,
    input,
    ends: endsOf(records),
    output,
    transactionTimeoutMs: isLeftDead ? SHORT_TRANSACTION_MS : LONG_TRANSACTION_MS,
    server: servers.database,
    table,
    mode,
  };
  const options: RunOptions = {
    module: MODULE,
    args: [JSON.stringify(jobInput)],
    parallelism: 2,
    // One to spare, for one that stands still.
    taskManagers: 3,
    slots: 1,
    jobId: systemRandom.hex(16),
    options: { "execution.checkpointing.dir": workspace.path("checkpoints") },
  };
  const happened: string[] = [];
  let run = await workspace.start(options);
  let sinceMs = 0;
  for (const [place, name] of plan.faults.entries()) {
    const isEarly = place > 0 && random.next() < 0.25;
    if (!isEarly && !(await run.comesBack(sinceMs))) break;
    // Not to wait for anything: this is the random moment.
    await sleep(systemClock, random.next() * MOMENT_MS);
    if (run.outcome !== null) break;
    sinceMs = systemClock.nowMs();
    await faults[name]({ run, servers, table, random });
    happened.push(name);
    workspace.note(`${name}${isEarly ? ", early" : ""}`);
  }
  if (isLeftDead && run.outcome === null) {
    await run.kill();
    await untilGivenUp(servers, output);
    happened.push("11 the job is left dead until its transactions have timed out");
    run = await workspace.start({ ...options, home: workspace.path("second") });
  }
  await run.finish("FINISHED", FINISH_WITHIN_MS);
  await assertExact(servers, { output, table, mayTimeOut: isLeftDead }, countedLines(words));
  return happened;
}

function endsOf(records: number): Readonly<Record<number, number>> {
  const ends = Array.from({ length: PARTITIONS }, (_, partition) => [
    partition,
    Math.ceil((records - partition) / PARTITIONS),
  ]);
  return Object.fromEntries(ends) as Readonly<Record<number, number>>;
}

const untilGivenUp = ({ topics }: Servers, output: string): Promise<void> =>
  until(
    async () => (await topics.openTransactions(output)).length === 0,
    "Kafka gives the transactions up",
    GIVEN_UP_WITHIN_MS,
  );
