/**
 * Question: how many words a second does the whole engine count, beside Apache Flink on the same machine at the same time?
 *
 * Owns: alternating runs of both engines, the table, the ratio pair by pair. Not here: a run of either engine (word-count/).
 *
 * WO1 Both engines count the same lines at the same parallelism with exactly-once checkpoints every second, in turns (TUR1).
 * WO2 A pair whose engines differ in words or in the sum of counts is void and fails the bench.
 */
import { shareText, warnOfShares } from "./measure/machine.ts";
import { figureText, ratioText, runRound } from "./measure/rounds.ts";
import { grouped, millions, textTable } from "./measure/text-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";
import type { Engine, EngineRun, WordCountWork } from "./word-count/engine-run.ts";
import { findFlinkEngine } from "./word-count/flink-engine.ts";
import { streamJobEngine } from "./word-count/streamjob-engine.ts";

/** Fifteen seconds and more at 8 M words a second. */
const LINES = 15_000_000;
const LINES_MAX = 2 ** 32;
const RUNS = 5;
const CHECKPOINT_MS = 1000;
/** Below this the window still holds warm-up and the chance of a few samples. */
const STEADY_SECONDS_MIN = 5;

export const wordCountQuestion: Question = {
  summary: "words a second of a whole job, checkpoints every second, beside Apache Flink in turns",
  options: [
    `--lines <n>         lines of 10 words for each run (default ${grouped(LINES)})`,
    `--runs <n>          runs of each engine (default ${RUNS})`,
    "--parallelism <n>   of every operator, on one TaskManager with as many slots (default 2)",
    "--only <engine>     streamjob or flink (default: both in turns)",
  ],
  run: ask,
};

async function ask(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args, ["lines", "runs", "parallelism", "only"]);
  const work: WordCountWork = {
    lines: wholeNumber(options, "lines", { absent: LINES, least: 1000, most: LINES_MAX }),
    parallelism: wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 128 }),
    checkpointMs: CHECKPOINT_MS,
  };
  const runs = wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 });
  const engines = await findEngines(oneOf(options, "only", ["streamjob", "flink"]));
  if (engines.length === 0) return 1;
  print(
    `${grouped(work.lines * 10)} words a run, parallelism ${work.parallelism}, checkpoints every ${CHECKPOINT_MS / 1000} s\n\n`,
  );
  const rounds: EngineRun[][] = [];
  for (let round = 0; round < runs; round++) rounds.push(await measureRound(engines, work, round));
  warnOfRuns(rounds.flat());
  print(`\n${summary(engines, rounds)}`);
  return 0;
}

async function findEngines(only: Engine["name"] | undefined): Promise<readonly Engine[]> {
  if (only === "streamjob") return [streamJobEngine];
  const flink = await findFlinkEngine();
  if (!("missing" in flink)) return only === "flink" ? [flink] : [streamJobEngine, flink];
  print(`Apache Flink is not measured here: ${flink.missing}.\n`);
  return only === "flink" ? [] : [streamJobEngine];
}

/** One run of each engine (WO1); the results are in the order of `engines`. Errors: WO2. */
async function measureRound(engines: readonly Engine[], work: WordCountWork, round: number): Promise<EngineRun[]> {
  const results = await runRound(engines, round, async (engine) => {
    const result = await engine.run(work);
    print(`run ${round + 1}  ${engine.name.padEnd(9)}  ${runText(result)}\n`);
    return result;
  });
  const [first, ...others] = results;
  for (const other of others) {
    if (other.words === first?.words && other.countSum === first.countSum) continue;
    throw new Error(
      `the engines counted differently, so one of them is wrong: ${first?.words} words with counts of ${first?.countSum} ` +
        `in all against ${other.words} and ${other.countSum}`,
    );
  }
  return results;
}

function runText(run: EngineRun): string {
  const cpu = run.cpuSeconds === undefined ? "-" : `${run.cpuSeconds.toFixed(1)} CPU s`;
  const failed = run.failedCheckpoints === 0 ? "" : ` (${run.failedCheckpoints} failed)`;
  return [
    `${millions(run.steadyWordsPerSecond)} words/s over ${run.steadySeconds.toFixed(1)} s`,
    cpu,
    `${run.checkpoints} checkpoints${failed}`,
    `others ${shareText(run.others)}`,
  ].join("  ");
}

function warnOfRuns(runs: readonly EngineRun[]): void {
  warnOfShares(runs.map((run) => run.others));
  const shortest = Math.min(...runs.map((run) => run.steadySeconds));
  if (shortest >= STEADY_SECONDS_MIN) return;
  print(
    `WARNING: steady for ${shortest.toFixed(1)} s only, which holds warm-up: give more --lines for a rate to rely on.\n`,
  );
}

/** Median, least and most of each engine, and of the ratio pair by pair. */
function summary(engines: readonly Engine[], rounds: readonly EngineRun[][]): string {
  const rows = [["median (min … max)", "words/s", "words per CPU second", "checkpoints a run"]];
  const steady = (run: EngineRun): number => run.steadyWordsPerSecond;
  const perCpu = (run: EngineRun): number | undefined =>
    run.cpuSeconds === undefined ? undefined : run.words / run.cpuSeconds;
  for (const [place, engine] of engines.entries()) {
    const runs = rounds.map((round) => round[place] as EngineRun);
    rows.push([
      engine.name,
      figureText(runs, steady, millions),
      figureText(runs, perCpu, millions),
      figureText(
        runs,
        (run) => run.checkpoints,
        (value) => value.toFixed(0),
      ),
    ]);
  }
  if (engines.length === 2) rows.push(["streamjob / flink", ratioText(rounds, steady), ratioText(rounds, perCpu), ""]);
  return textTable(rows);
}

function print(text: string): void {
  process.stdout.write(text);
}
