/**
 * Owns: engines in turns whose jobs end in the measuring sinks (measuring-sink.ts, CountingSink.java): rounds, their lines, the table.
 * Called by: the questions `wordcount` and `async`.
 *
 * WTU1 A round whose engines differ in the number of records or in the sum of counts is void and fails the bench.
 */
import { engineTable } from "../measure/engine-table.ts";
import { shareText, warnOfShares } from "../measure/machine.ts";
import { runRound } from "../measure/rounds.ts";
import type { EngineRun } from "./engine-run.ts";

/** Below this the window still holds warm-up and the chance of a few samples. */
const STEADY_SECONDS_MIN = 5;

export type Turns = {
  readonly runs: number;
  /** What is counted, in the plural, and how its numbers are written. */
  readonly unit: string;
  readonly format: (value: number) => string;
  /** The option that makes a run longer. */
  readonly longer: string;
};

type Engine = { readonly name: "streamjob" | "flink"; readonly run: () => Promise<EngineRun> };

/** Measures, and prints what came of it. Errors: WTU1. */
export async function measureInTurns(engines: readonly Engine[], turns: Turns): Promise<void> {
  const { runs, unit, format } = turns;
  const rounds: EngineRun[][] = [];
  for (let round = 0; round < runs; round++) {
    const results = await runRound(engines, round, async (engine) => {
      const result = await engine.run();
      print(`run ${round + 1}  ${engine.name.padEnd(9)}  ${runText(result, turns)}\n`);
      return result;
    });
    refuseDifferences(results, unit);
    rounds.push(results);
  }
  warnOfRuns(rounds.flat(), turns);
  const table = engineTable(engines, rounds, {
    unit,
    format,
    perSecond: (run) => run.steadyWordsPerSecond,
    perCpuSecond: ({ words, cpuSeconds }) => (cpuSeconds === undefined ? undefined : words / cpuSeconds),
    checkpoints: (run) => run.checkpoints,
  });
  print(`\n${table}`);
}

function refuseDifferences([first, ...others]: readonly EngineRun[], unit: string): void {
  for (const other of others) {
    if (other.words === first?.words && other.countSum === first.countSum) continue;
    throw new Error(
      `the engines counted differently, so one of them is wrong: ${first?.words} ${unit} with counts of ${first?.countSum} ` +
        `in all against ${other.words} and ${other.countSum}`,
    );
  }
}

function runText(run: EngineRun, { unit, format }: Turns): string {
  const cpu = run.cpuSeconds === undefined ? "-" : `${run.cpuSeconds.toFixed(1)} CPU s`;
  const failed = run.failedCheckpoints === 0 ? "" : ` (${run.failedCheckpoints} failed)`;
  return [
    `${format(run.steadyWordsPerSecond)} ${unit}/s over ${run.steadySeconds.toFixed(1)} s`,
    cpu,
    `${run.checkpoints} checkpoints${failed}`,
    `others ${shareText(run.others)}`,
  ].join("  ");
}

function warnOfRuns(runs: readonly EngineRun[], { longer }: Turns): void {
  warnOfShares(runs.map((run) => run.others));
  const shortest = Math.min(...runs.map((run) => run.steadySeconds));
  if (shortest >= STEADY_SECONDS_MIN) return;
  print(
    `WARNING: steady for ${shortest.toFixed(1)} s only, which holds warm-up: give more ${longer} for a rate to rely on.\n`,
  );
}

function print(text: string): void {
  process.stdout.write(text);
}
