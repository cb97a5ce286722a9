/**
 * Owns: one run of the word count on Apache Flink: the peer of bench/flink as a process of its own.
 *
 * FE1 A machine without Java or Maven has no such engine; that is said, and no error.
 */
import { buildFlink, type FlinkMissing } from "../flink/build.ts";
import { runProgram } from "../measure/scratch.ts";
import type { Engine, EngineRun, WordCountWork } from "./engine-run.ts";

type Printed = Omit<EngineRun, "cpuSeconds" | "others">;

/** Builds the peer where that was not done yet. */
export async function findFlinkEngine(): Promise<Engine | FlinkMissing> {
  const built = await buildFlink();
  if ("missing" in built) return built;
  return { name: "flink", run: (work) => run(work, built.java, built.classpath) };
}

async function run(work: WordCountWork, java: string, classpath: string): Promise<EngineRun> {
  const options = { "--lines": work.lines, "--parallelism": work.parallelism, "--checkpoint-ms": work.checkpointMs };
  const { exitCode, stdout, stderr, cpuSeconds, others } = await runProgram(java, [
    "-Xmx4g",
    "-cp",
    classpath,
    "WordCount",
    ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
  ]);
  if (exitCode !== 0) throw new Error(`Flink's word count ended with ${exitCode}:\n${stderr.slice(-4000)}`);
  const printed = JSON.parse(stdout) as Printed;
  const { words, countSum, steadySeconds, steadyWordsPerSecond, checkpoints, failedCheckpoints } = printed;
  return { words, countSum, steadySeconds, steadyWordsPerSecond, checkpoints, failedCheckpoints, cpuSeconds, others };
}
