/**
 * Question: how many counts a second reach a table of MySQL, beside Apache Flink's JDBC connector?
 *
 * Owns: the engines, their turns, the table. Not here: the job and the table in the database (mysql/).
 *
 * BMY1 All engines count the same generated users at the same parallelism, with a checkpoint a second and statements of the same number of rows, in
 *      turns (TUR1). A run whose table does not hold every count is void and fails the bench.
 * BMY2 The pair that is compared is at least once on both sides: upserts. Flink's exactly-once sink needs to commit a prepared XA branch from
 *      another connection than its own, which MariaDB refuses while that one lives. `ledger`, exactly once, is measured beside it.
 */
import { buildFlink, type FlinkBuild } from "./flink/build.ts";
import { engineTable } from "./measure/engine-table.ts";
import { runFlink } from "./measure/flink-run.ts";
import { shareText, warnOfShares } from "./measure/machine.ts";
import { runRound } from "./measure/rounds.ts";
import { withScratchFolder } from "./measure/scratch.ts";
import { type JobRun, runStreamJob } from "./measure/streamjob-run.ts";
import { grouped } from "./measure/text-table.ts";
import { CountTable, type TableResult } from "./mysql/count-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";
import { Environment, mariadbPart } from "../test/environment/index.ts";
import { join } from "node:path";

const RECORDS = 1_000_000;
const USERS = 10_000;
const RUNS = 5;
const CHECKPOINT_MS = 1000;
const BATCH_ROWS = 1000;
const JOB = new URL("./mysql/job.ts", import.meta.url);
/** One statement for a batch, as StreamJob makes it. Otherwise each row is a statement, with a commit of its own. */
const DRIVER_OPTIONS = "rewriteBatchedStatements=true";

export const mysqlQuestion: Question = {
  summary:
    "counts a second into a table of MariaDB, a checkpoint every second, beside Apache Flink's JDBC sink in turns",
  options: [
    `--records <n>       for each run (default ${grouped(RECORDS)})`,
    `--users <n>         rows of the table (default ${grouped(USERS)})`,
    `--runs <n>          runs of each engine (default ${RUNS})`,
    "--parallelism <n>   of every operator, on one TaskManager with as many slots (default 2)",
    "--only <engine>     streamjob (upserts and ledger) or flink (default: all in turns)",
  ],
  run: ask,
};

type Plan = {
  readonly records: number;
  readonly users: number;
  readonly runs: number;
  readonly parallelism: number;
};
type Server = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};
type Engine = { readonly name: string; run(server: Server, table: string): Promise<JobRun> };
type Measured = JobRun & TableResult;

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["records", "users", "runs", "parallelism", "only"]);
  const plan: Plan = {
    records: wholeNumber(options, "records", { absent: RECORDS, least: 1000, most: 1_000_000_000 }),
    users: wholeNumber(options, "users", { absent: USERS, least: 1, most: 1_000_000 }),
    runs: wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 }),
    parallelism: wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 128 }),
  };
  const engines = await findEngines(plan, oneOf(options, "only", ["streamjob", "flink"]));
  if (engines.length === 0) return 1;
  const environment = new Environment({ tell: (line) => void process.stderr.write(`  ${line}\n`), isAlone: true });
  try {
    await measure(plan, engines, await environment.start(mariadbPart));
  } finally {
    await environment.stop();
  }
  return 0;
}

/** The two that are compared come first. */
async function findEngines(plan: Plan, only: "streamjob" | "flink" | undefined): Promise<readonly Engine[]> {
  const own = [streamJob("upsert", plan), streamJob("ledger", plan)] as const;
  if (only === "streamjob") return own;
  const built = await buildFlink();
  if (!("missing" in built)) return only === "flink" ? [flink(built, plan)] : [own[0], flink(built, plan), own[1]];
  print(`Apache Flink is not measured here: ${built.missing}.\n`);
  return only === "flink" ? [] : own;
}

function streamJob(mode: "upsert" | "ledger", { records, users, parallelism }: Plan): Engine {
  return {
    name: `streamjob ${mode}`,
    run: (server, table) => {
      const numbers = [records, users, CHECKPOINT_MS, BATCH_ROWS].map(String);
      const args = [urlOf(server), table, ...numbers, mode];
      return withScratchFolder((folder) => runStreamJob(join(folder, "home"), { module: JOB, args, parallelism }));
    },
  };
}

function flink(build: FlinkBuild, { records, users, parallelism }: Plan): Engine {
  return {
    name: "flink upsert",
    run: async ({ host, port, user, password, database }, table) => {
      const address = [`jdbc:mysql://${host}:${port}/${database}?${DRIVER_OPTIONS}`, user, password, table];
      const numbers = [records, users, parallelism, CHECKPOINT_MS, BATCH_ROWS].map(String);
      const { stdout, cpuSeconds, others } = await runFlink(build, "JdbcCount", [...address, ...numbers]);
      const { checkpoints, failedCheckpoints } = JSON.parse(stdout) as JobRun;
      return { checkpoints, failedCheckpoints, cpuSeconds, others };
    },
  };
}

async function measure(plan: Plan, engines: readonly Engine[], server: Server): Promise<void> {
  print(
    `${grouped(plan.records)} records a run, ${grouped(plan.users)} users, parallelism ${plan.parallelism}, statements of ${grouped(BATCH_ROWS)} rows, ` +
      `checkpoints every ${CHECKPOINT_MS / 1000} s\n\n`,
  );
  const rounds: Measured[][] = [];
  for (let round = 0; round < plan.runs; round++) {
    const results = await runRound(engines, round, async (engine) => {
      const measured = await runOnce(engine, plan, server);
      print(`run ${round + 1}  ${engine.name.padEnd(16)}  ${runText(measured)}\n`);
      return measured;
    });
    rounds.push(results);
  }
  warnOfShares(rounds.flat().map(({ others }) => others));
  const table = engineTable(engines, rounds, {
    unit: "records",
    format: grouped,
    perSecond: (run) => run.recordsPerSecond,
    perCpuSecond: ({ records, cpuSeconds }) => (cpuSeconds === undefined ? undefined : records / cpuSeconds),
    checkpoints: (run) => run.checkpoints,
  });
  print(`\n${table}`);
}

async function runOnce(engine: Engine, plan: Plan, server: Server): Promise<Measured> {
  const name = "bench_counts";
  const table = new CountTable(urlOf(server), name);
  await table.make();
  const { run, result } = await table.watch(plan.records, () => engine.run(server, name));
  await table.drop();
  if (result.users !== Math.min(plan.users, plan.records))
    throw new Error(`${engine.name} wrote ${result.users} users of ${plan.users}: the run is void`);
  return { ...run, ...result };
}

function runText({ recordsPerSecond, cpuSeconds, checkpoints, failedCheckpoints, others }: Measured): string {
  return [
    `${grouped(recordsPerSecond)} records/s`,
    cpuSeconds === undefined ? "-" : `${cpuSeconds.toFixed(1)} CPU s`,
    `${checkpoints} checkpoints${failedCheckpoints === 0 ? "" : ` (${failedCheckpoints} failed)`}`,
    `others and database ${shareText(others)}`,
  ].join("  ");
}

function urlOf({ host, port, user, password, database }: Server): string {
  return `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

function print(text: string): void {
  process.stdout.write(text);
}
