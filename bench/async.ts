/**
 * Question: how many records a second go through async I/O, beside Apache Flink's, when what is outside takes a given time to answer?
 *
 * Owns: what is asked, and by whom. Not here: the job (async/), the turns and the table (word-count/turns.ts).
 *
 * BAS1 Both engines ask the same: a simulated service in the process that answers each call after the latency. What a client and a server cost is
 *      not in it, so the figure is of the operator, its queue and its checkpoints.
 * BAS2 No engine can be faster than parallelism × capacity ÷ latency; the first line says that bound.
 */
import { buildFlink } from "./flink/build.ts";
import { grouped } from "./measure/text-table.ts";
import { oneOf, type Question, readOptions, wholeNumber } from "./question.ts";
import type { EngineRun } from "./word-count/engine-run.ts";
import { runMeasured } from "./word-count/flink-engine.ts";
import { measuredRun } from "./word-count/streamjob-engine.ts";
import { measureInTurns } from "./word-count/turns.ts";

const RECORDS = 5_000_000;
const RUNS = 5;
const LATENCY_MS = 5;
const CAPACITY = 2000;
const CHECKPOINT_MS = 1000;
const JOB = new URL("./async/job.ts", import.meta.url);

export const asyncQuestion: Question = {
  summary:
    "records a second through async I/O with a simulated latency, beside Apache Flink's AsyncDataStream in turns",
  options: [
    `--records <n>       for each run (default ${grouped(RECORDS)})`,
    `--latency-ms <n>    of each answer (default ${LATENCY_MS})`,
    `--capacity <n>      calls at a time in each subtask (default ${CAPACITY})`,
    "--order <order>     ordered or unordered (default ordered)",
    `--runs <n>          runs of each engine (default ${RUNS})`,
    "--parallelism <n>   of every operator, on one TaskManager with as many slots (default 2)",
    "--only <engine>     streamjob or flink (default: both in turns)",
  ],
  run: ask,
};

type Engine = { readonly name: "streamjob" | "flink"; readonly run: () => Promise<EngineRun> };

async function ask(args: readonly string[]): Promise<0 | 1> {
  const names = ["records", "latency-ms", "capacity", "order", "runs", "parallelism", "only"];
  const options = readOptions(args, names);
  const records = wholeNumber(options, "records", { absent: RECORDS, least: 1000, most: 2 ** 32 });
  const latencyMs = wholeNumber(options, "latency-ms", { absent: LATENCY_MS, least: 1, most: 60_000 });
  const capacity = wholeNumber(options, "capacity", { absent: CAPACITY, least: 1, most: 1_000_000 });
  const parallelism = wholeNumber(options, "parallelism", { absent: 2, least: 1, most: 128 });
  const runs = wholeNumber(options, "runs", { absent: RUNS, least: 1, most: 1000 });
  const order = oneOf(options, "order", ["ordered", "unordered"]) ?? "ordered";
  const only = oneOf(options, "only", ["streamjob", "flink"]);

  const asked = [latencyMs, capacity, order].map(String);
  const streamjob: Engine = {
    name: "streamjob",
    run: () => {
      const argsOf = (folder: string): string[] => [String(records), folder, String(CHECKPOINT_MS), ...asked];
      return measuredRun({ module: JOB, argsOf, parallelism, records });
    },
  };
  const engines = only === "flink" ? [] : [streamjob];
  if (only !== "streamjob") {
    const built = await buildFlink();
    if (!("missing" in built)) {
      const own = [records, parallelism, CHECKPOINT_MS].map(String);
      engines.push({ name: "flink", run: () => runMeasured(built, "AsyncLookup", [...own, ...asked]) });
    } else {
      print(`Apache Flink is not measured here: ${built.missing}.\n`);
      if (only === "flink") return 1;
    }
  }
  print(
    `${grouped(records)} records a run, ${order}, answers after ${latencyMs} ms, up to ${grouped(capacity)} calls at a time, parallelism ${parallelism}: ` +
      `at most ${grouped((parallelism * capacity * 1000) / latencyMs)} records/s; checkpoints every ${CHECKPOINT_MS / 1000} s\n\n`,
  );
  await measureInTurns(engines, { runs, unit: "records", format: grouped, longer: "--records" });
  return 0;
}

function print(text: string): void {
  process.stdout.write(text);
}
