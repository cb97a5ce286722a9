/**
 * Question: how many records a second go from Kafka through a keyed count to Kafka, exactly once, beside Apache Flink?
 *
 * Owns: alternating runs of both engines, the table, the ratio pair by pair. Not here: a run of either engine (kafka/).
 *
 * BKA1 Both engines read the same topic to the end that it has at their start, at the same parallelism, with a checkpoint and a
 *      transaction a second, in turns (TUR1).
 * BKA2 The result is what a reader of committed records finds in the topic: every user's counts are 1 … n once each, and both
 *      engines' are the same, or the pair is void and the bench fails.
 * BKA3 The rate is told by the broker: from a fifth of the records in the topic until the last.
 */
import { buildFlink } from "./flink/build.ts";
import type { KafkaEngine } from "./kafka/engine.ts";
import { JavaPrograms, type KafkaResult } from "./kafka/java-programs.ts";
import { streamJobEngine } from "./kafka/streamjob-engine.ts";
import { openTopics, type Topics } from "./kafka/topics.ts";
import { engineTable } from "./measure/engine-table.ts";
import { shareText, warnOfShares } from "./measure/machine.ts";
import { runRound } from "./measure/rounds.ts";
import type { JobRun } from "./measure/streamjob-run.ts";
import { grouped } from "./measure/text-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";
import { Environment, kafkaPart } from "../test/environment/index.ts";

const ORDERS = 2_000_000;
const RUNS = 5;
const PARTITIONS = 4;
const CHECKPOINT_MS = 1000;
const INPUT = "orders";
/** The part of the records that is left to warm-up (KafkaResult.java). */
const STEADY_FROM = 0.2;

export const kafkaQuestion: Question = {
  summary:
    "Kafka → JSON → key by → count → Kafka, exactly once, a checkpoint every second, beside Apache Flink in turns",
  options: [
    `--orders <n>        records of the input (default ${grouped(ORDERS)})`,
    `--runs <n>          runs of each engine (default ${RUNS})`,
    "--parallelism <n>   of every operator, on one TaskManager with as many slots (default 2)",
    "--only <engine>     streamjob or flink (default: both in turns)",
  ],
  run: ask,
};

type Plan = { readonly orders: number; readonly runs: number; readonly parallelism: number };
type Measured = JobRun & KafkaResult & { readonly recordsPerSecond: number };
type Stage = { readonly bootstrap: string; readonly topics: Topics; readonly programs: JavaPrograms };

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["orders", "runs", "parallelism", "only"]);
  const plan: Plan = {
    orders: wholeNumber(options, "orders", { absent: ORDERS, least: 1000, most: 100_000_000 }),
    runs: wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 }),
    parallelism: wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 128 }),
  };
  const only = oneOf(options, "only", ["streamjob", "flink"]);
  const built = await buildFlink();
  if ("missing" in built) throw new Error(`input and results go through Kafka's own client: ${built.missing}`);
  const programs = new JavaPrograms(built);
  const engines = [streamJobEngine, programs.flink].filter(({ name }) => only === undefined || only === name);
  const environment = new Environment({ tell: (line) => void process.stderr.write(`  ${line}\n`), isAlone: true });
  try {
    const { bootstrap } = await environment.start(kafkaPart);
    const topics = await openTopics(bootstrap);
    try {
      await measure(plan, engines, { bootstrap, topics, programs });
    } finally {
      await topics.close();
    }
  } finally {
    await environment.stop();
  }
  return 0;
}

async function measure(plan: Plan, engines: readonly KafkaEngine[], stage: Stage): Promise<void> {
  await stage.topics.create(INPUT, PARTITIONS);
  await stage.programs.writeOrders(stage.bootstrap, { name: INPUT, partitions: PARTITIONS }, plan.orders);
  print(
    `${grouped(plan.orders)} orders a run in ${PARTITIONS} partitions, parallelism ${plan.parallelism}, ` +
      `checkpoints every ${CHECKPOINT_MS / 1000} s\n\n`,
  );
  const rounds: Measured[][] = [];
  for (let round = 0; round < plan.runs; round++) {
    const results = await runRound(engines, round, async (engine) => {
      const measured = await runOnce(engine, plan, stage, `counts-${round}-${engine.name}`);
      print(`run ${round + 1}  ${engine.name.padEnd(9)}  ${runText(measured)}\n`);
      return measured;
    });
    refuseDifferences(results);
    rounds.push(results);
  }
  warnOfShares(rounds.flat().map(({ others }) => others));
  print(`\n${summary(engines, rounds)}`);
}

async function runOnce(engine: KafkaEngine, plan: Plan, stage: Stage, output: string): Promise<Measured> {
  const { bootstrap, topics, programs } = stage;
  await topics.create(output, PARTITIONS);
  const work = { bootstrap, input: INPUT, output, parallelism: plan.parallelism, checkpointMs: CHECKPOINT_MS };
  const run = await engine.run(work);
  const result = await programs.readResult(bootstrap, output);
  await topics.remove(output);
  if (result.records !== plan.orders || !result.isExact) {
    throw new Error(
      `${engine.name} committed ${result.records} records of ${plan.orders}, ` +
        `${result.isExact ? "with" : "without"} every user's counts once each: the run is void`,
    );
  }
  const seconds = (result.lastMs - result.steadyFromMs) / 1000;
  return { ...run, ...result, recordsPerSecond: (result.records * (1 - STEADY_FROM)) / seconds };
}

function refuseDifferences([first, ...others]: readonly Measured[]): void {
  for (const other of others) {
    if (other.countSum === first?.countSum && other.users === first.users) continue;
    throw new Error(`the engines counted differently: ${first?.countSum} in all against ${other.countSum}`);
  }
}

function runText({ recordsPerSecond, cpuSeconds, checkpoints, failedCheckpoints, others }: Measured): string {
  return [
    `${grouped(recordsPerSecond)} records/s`,
    cpuSeconds === undefined ? "-" : `${cpuSeconds.toFixed(1)} CPU s`,
    `${checkpoints} checkpoints${failedCheckpoints === 0 ? "" : ` (${failedCheckpoints} failed)`}`,
    `others and broker ${shareText(others)}`,
  ].join("  ");
}

function summary(engines: readonly KafkaEngine[], rounds: readonly Measured[][]): string {
  return engineTable(engines, rounds, {
    unit: "records",
    format: grouped,
    perSecond: (run) => run.recordsPerSecond,
    perCpuSecond: ({ records, cpuSeconds }) => (cpuSeconds === undefined ? undefined : records / cpuSeconds),
    checkpoints: (run) => run.checkpoints,
  });
}

function print(text: string): void {
  process.stdout.write(text);
}
