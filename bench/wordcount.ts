/**
 * Question: how many words a second does the whole engine count, beside Apache Flink on the same machine at the same time?
 *
 * Owns: what is counted, and by whom. Not here: a run of either engine, the turns, the table (word-count/).
 *
 * WO1 Both engines count the same lines at the same parallelism with exactly-once checkpoints every second, in turns (TUR1, WTU1).
 */
import { grouped, millions } from "./measure/text-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";
import type { Engine, WordCountWork } from "./word-count/engine-run.ts";
import { findFlinkEngine } from "./word-count/flink-engine.ts";
import { streamJobEngine } from "./word-count/streamjob-engine.ts";
import { measureInTurns } from "./word-count/turns.ts";

/** Fifteen seconds and more at 8 M words a second. */
const LINES = 15_000_000;
const LINES_MAX = 2 ** 32;
const RUNS = 5;
const CHECKPOINT_MS = 1000;

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
  await measureInTurns(
    engines.map(({ name, run }) => ({ name, run: () => run(work) })),
    { runs, unit: "words", format: millions, longer: "--lines" },
  );
  return 0;
}

async function findEngines(only: Engine["name"] | undefined): Promise<readonly Engine[]> {
  if (only === "streamjob") return [streamJobEngine];
  const flink = await findFlinkEngine();
  if (!("missing" in flink)) return only === "flink" ? [flink] : [streamJobEngine, flink];
  print(`Apache Flink is not measured here: ${flink.missing}.\n`);
  return only === "flink" ? [] : [streamJobEngine];
}

function print(text: string): void {
  process.stdout.write(text);
}
