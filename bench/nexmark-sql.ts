/**
 * Question: what does an event cost in Nexmark's queries as SQL, in StreamJob and in Apache Flink?
 *
 * Owns: the engines in turns, the table, the ratios. Not here: the queries, a run of each engine (nexmark-sql/).
 *
 * NXSQ1 Both engines get the same text and the same events at the same parallelism, with exactly-once checkpoints, in turns (TUR1).
 * NXSQ2 A round whose engines differ in the rows that are there in the end (NXF1) fails the bench.
 * NXSQ3 Where the wall clock says which rows come, StreamJob's stand for all rows that the query read, or the bench fails. Flink drops windows by the clock that are open when
 *      its input ends, so its rows stand for fewer; that is said.
 */
import { warnOfShares } from "./measure/machine.ts";
import { figureText, ratioText, runRound } from "./measure/rounds.ts";
import { spreadOf } from "./measure/statistics.ts";
import { grouped, textTable } from "./measure/text-table.ts";
import { engineNames, findEngines, type SqlEngine, type SqlRun, type SqlWork } from "./nexmark-sql/engines.ts";
import { eventTables } from "./nexmark-sql/events.ts";
import { type SqlQuery, sqlQueries } from "./nexmark-sql/queries.ts";
import { BadUsage, oneOf, type Question, readOptions, wholeNumber } from "./question.ts";

const EVENTS = 10_000_000;
const RUNS = 1;
const NAMES = [...sqlQueries.keys()];

export const nexmarkSqlQuestion: Question = {
  summary: "processor time of an event in Nexmark's queries as SQL: in StreamJob and in Apache Flink, in turns",
  options: [
    `--query <names>     of ${NAMES.join(", ")}, with commas between them (default: all)`,
    `--events <n>        people, auctions and bids for each run (default ${grouped(EVENTS)})`,
    `--runs <n>          runs of each engine (default ${RUNS})`,
    "--parallelism <n>   of every operator, on one TaskManager with as many slots (default 2)",
    "--mini-batch <rows> groups emit once for so many rows, or in two seconds (default: row by row)",
    `--only <engine>     ${engineNames.join(", ")} (default: both in turns)`,
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["query", "events", "runs", "parallelism", "mini-batch", "only"]);
  const events = wholeNumber(options, "events", { absent: EVENTS, least: 1000, most: 2 ** 31 - 1 });
  const parallelism = wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 128 });
  const runs = wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 });
  const miniBatch = wholeNumber(options, "mini-batch", { absent: 0, least: 1, most: 1_000_000_000 });
  const names = namesIn(options.get("query"));
  const { engines, missing } = await findEngines(oneOf(options, "only", engineNames));
  if (missing !== null) print(`Apache Flink is not measured here: ${missing}.\n`);
  if (engines.length === 0) return 1;
  const rows = [head(engines)];
  const ratios: number[] = [];
  for (const query of names) {
    const rounds: SqlRun[][] = [];
    for (let round = 0; round < runs; round++)
      rounds.push(await measureRound(engines, { query, events, parallelism, miniBatch }, round));
    warnOfShares(rounds.flat().map((run) => run.others));
    rows.push([query, ...figures(rounds)]);
    const ratio = medianRatio(rounds);
    if (ratio !== undefined) ratios.push(ratio);
  }
  print(`\nmedian (min … max)\n${textTable(rows)}`);
  if (ratios.length > 0) {
    const mean = Math.exp(ratios.reduce((total, ratio) => total + Math.log(ratio), 0) / ratios.length);
    print(`geometric mean of ${ratios.length} queries: Flink takes ${mean.toFixed(2)} times the processor time\n`);
  }
  return 0;
}

function namesIn(text: string | undefined): readonly string[] {
  if (text === undefined) return NAMES;
  const names = text.split(",");
  const unknown = names.find((name) => !sqlQueries.has(name));
  if (unknown === undefined) return names;
  throw new BadUsage(`--query has "${unknown}"; there are ${NAMES.join(", ")}`);
}

function head(engines: readonly SqlEngine[]): readonly string[] {
  const own = engines.flatMap(({ name }) => [`${name} CPU µs/event`, "events/s"]);
  const ratio = engines.length > 1 ? ["Flink / StreamJob CPU", "StreamJob / Flink events/s"] : [];
  return ["", ...own, ...ratio, "rows", "changes"];
}

const micros = (run: SqlRun): number | undefined => run.microsPerEvent;
const speed = (run: SqlRun): number => run.eventsPerSecond;

function figures(rounds: readonly (readonly SqlRun[])[]): readonly string[] {
  const [first = []] = rounds;
  const own = first.flatMap((_run, place) => {
    const runs = rounds.map((round) => round[place] as SqlRun);
    return [
      figureText(runs, micros, (value) => value.toFixed(3)),
      figureText(runs, speed, (value) => grouped(Math.round(value))),
    ];
  });
  const ratios =
    first.length > 1
      ? [
          ratioText(
            rounds.map((round) => round.toReversed()),
            micros,
          ),
          ratioText(rounds, speed),
        ]
      : [];
  return [...own, ...ratios, grouped(first[0]?.rows ?? 0), first.map(({ changes }) => grouped(changes)).join(" / ")];
}

/** Flink's processor time in terms of ours, of the round in the middle. */
function medianRatio(rounds: readonly (readonly SqlRun[])[]): number | undefined {
  const ratios = rounds.flatMap(([ours, flink]) => {
    const [own, other] = [ours?.microsPerEvent, flink?.microsPerEvent];
    return own === undefined || other === undefined ? [] : [other / own];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios).median;
}

async function measureRound(engines: readonly SqlEngine[], work: SqlWork, round: number): Promise<SqlRun[]> {
  const results = await runRound(engines, round, async (engine) => {
    const result = await engine.run(work);
    const cost = result.microsPerEvent === undefined ? "-" : `${result.microsPerEvent.toFixed(3)} µs an event`;
    const speedText = `${grouped(Math.round(result.eventsPerSecond))} events/s`;
    print(
      `${work.query} run ${round + 1}  ${engine.name.padEnd(9)}  ${cost}  ${speedText}  ${result.checkpoints} checkpoints\n`,
    );
    return result;
  });
  const [first, second] = results;
  if (first === undefined) return results;
  if (first.changes === 0) throw new Error(`${work.query} gave nothing: give more --events`);
  const query = sqlQueries.get(work.query);
  if (query !== undefined && query.weight !== null) {
    checkWeights(query, work, results, engines);
    return results;
  }
  if (second === undefined || (first.rows === second.rows && first.sum === second.sum)) return results;
  throw new Error(
    `${work.query}: StreamJob and Flink gave different results, so one of them is wrong: ${first.rows} and ${second.rows} rows, sums of ${first.sum} and ${second.sum} (NXSQ2)`,
  );
}

/** NXSQ3. Errors: StreamJob's rows stand for another number. */
function checkWeights(
  { tables }: SqlQuery,
  { query, events }: SqlWork,
  results: readonly SqlRun[],
  engines: readonly SqlEngine[],
): void {
  const read = tables.reduce((total, table) => total + eventTables[table].countAmong(events), 0);
  for (const [place, { rows }] of results.entries()) {
    if (rows === read) continue;
    const { name } = engines[place] as SqlEngine;
    const what = `${query}: the rows of ${name} stand for ${grouped(rows)} of ${grouped(read)}`;
    if (name === "streamjob" || rows > read) throw new Error(`${what} (NXSQ3)`);
    print(`${what}: what is in a window by the clock when the input ends is dropped\n`);
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
