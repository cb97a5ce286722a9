/**
 * Question: what does a bid cost in a Nexmark query, over columns and over rows?
 *
 * Owns: both forms of each query in turns, the table, the ratio pair by pair. Not here: the queries (nexmark/); Flink, which is not measured yet.
 *
 * NXQ1 Both forms read the same bids at the same parallelism, with exactly-once checkpoints, in turns (TUR1).
 * NXQ2 A run that saw another number of bids is void; a pair that differs in the sum of what came out fails the bench.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { warnOfShares } from "./measure/machine.ts";
import { figureText, ratioText, runRound } from "./measure/rounds.ts";
import { withScratchFolder } from "./measure/scratch.ts";
import { runStreamJob } from "./measure/streamjob-run.ts";
import { grouped, textTable } from "./measure/text-table.ts";
import type { QueryReport } from "./nexmark/checking-sink.ts";
import { queries } from "./nexmark/queries.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";

const BIDS = 20_000_000;
const RUNS = 3;
const CHECKPOINT_MS = 5000;
const JOB = new URL("./nexmark/job.ts", import.meta.url);
const forms = ["columns", "rows"] as const;

type Form = (typeof forms)[number];
type Work = { readonly query: string; readonly bids: number; readonly parallelism: number };
type QueryRun = {
  readonly sum: number;
  /** Of the whole process tree. */
  readonly microsPerBid: number | undefined;
  readonly checkpoints: number;
  readonly others: number | undefined;
};

export const nexmarkQuestion: Question = {
  summary: "processor time of a bid in Nexmark queries, over columns and over rows in turns",
  options: [
    `--query <name>      one of ${Object.keys(queries).join(", ")} (default: all)`,
    `--bids <n>          bids for each run (default ${grouped(BIDS)})`,
    `--runs <n>          runs of each form (default ${RUNS})`,
    "--parallelism <n>   of every operator, on one TaskManager with as many slots (default 2)",
    "--only <form>       columns or rows (default: both in turns)",
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["query", "bids", "runs", "parallelism", "only"]);
  const bids = wholeNumber(options, "bids", { absent: BIDS, least: 1000, most: 2 ** 31 });
  const parallelism = wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 128 });
  const runs = wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 });
  const only = oneOf(options, "only", forms);
  const query = oneOf(options, "query", Object.keys(queries));
  const measured = only === undefined ? forms : [only];
  const rows = [
    [
      "µs of processor time a bid: median (min … max)",
      ...measured,
      ...(measured.length === 2 ? ["rows / columns"] : []),
    ],
  ];
  for (const name of query === undefined ? Object.keys(queries) : [query]) {
    const rounds: QueryRun[][] = [];
    for (let round = 0; round < runs; round++)
      rounds.push(await measureRound(measured, { query: name, bids, parallelism }, round));
    warnOfShares(rounds.flat().map(({ others }) => others));
    const micros = (run: QueryRun): number | undefined => run.microsPerBid;
    const figures = measured.map((_form, place) =>
      figureText(
        rounds.map((round) => round[place] as QueryRun),
        micros,
        (value) => value.toFixed(3),
      ),
    );
    // The first of a pair is columns: what rows cost in its terms is the ratio the other way round.
    const ratio =
      measured.length === 2
        ? [
            ratioText(
              rounds.map((round) => round.toReversed()),
              micros,
            ),
          ]
        : [];
    rows.push([name, ...figures, ...ratio]);
  }
  print(`\n${textTable(rows)}`);
  return 0;
}

async function measureRound(measured: readonly Form[], work: Work, round: number): Promise<QueryRun[]> {
  const results = await runRound(measured, round, async (form) => {
    const result = await withScratchFolder((folder) => run(form, work, folder));
    const cost = result.microsPerBid === undefined ? "-" : `${result.microsPerBid.toFixed(3)} µs a bid`;
    print(`${work.query} run ${round + 1}  ${form.padEnd(7)}  ${cost}  ${result.checkpoints} checkpoints\n`);
    return result;
  });
  const [first, second] = results;
  if (second !== undefined && first?.sum !== second.sum)
    throw new Error(`${work.query}: rows and columns gave different results, so one of them is wrong (NXQ2)`);
  return results;
}

async function run(form: Form, { query, bids, parallelism }: Work, folder: string): Promise<QueryRun> {
  const args = [query, form, bids, folder, CHECKPOINT_MS].map(String);
  const { cpuSeconds, checkpoints, others } = await runStreamJob(join(folder, "home"), {
    module: JOB,
    args,
    parallelism,
  });
  const reports = readdirSync(folder)
    .filter((name) => name.startsWith("query-"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as QueryReport);
  const records = reports.reduce((total, report) => total + report.records, 0);
  if (records !== bids) throw new Error(`the sink saw ${records} bids instead of ${bids}: the run is void`);
  const sum = reports.reduce((total, report) => (total + report.sum) % 2 ** 40, 0);
  return { sum, microsPerBid: cpuSeconds === undefined ? undefined : (cpuSeconds / bids) * 1e6, checkpoints, others };
}

function print(text: string): void {
  process.stdout.write(text);
}
