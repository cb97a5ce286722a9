/**
 * Owns: one run on Apache Flink, as a process of its own, of the word count or of another job that ends in its counting sink.
 *
 * FE1 A machine without Java or Maven has no such engine; that is said, and no error.
 */
import { buildFlink, type FlinkBuild, type FlinkMissing } from "../flink/build.ts";
import { runFlink } from "../measure/flink-run.ts";
import type { Engine, EngineRun } from "./engine-run.ts";

type Printed = Omit<EngineRun, "cpuSeconds" | "others">;

/** Builds the peer where that was not done yet. */
export async function findFlinkEngine(): Promise<Engine | FlinkMissing> {
  const built = await buildFlink();
  if ("missing" in built) return built;
  return {
    name: "flink",
    run: ({ lines, parallelism, checkpointMs }) => {
      const options = { "--lines": lines, "--parallelism": parallelism, "--checkpoint-ms": checkpointMs };
      const args = Object.entries(options).flatMap(([name, value]) => [name, String(value)]);
      return runMeasured(built, "WordCount", args);
    },
  };
}

/** A program of bench/flink whose job ends in CountingSink. */
export async function runMeasured(build: FlinkBuild, program: string, args: readonly string[]): Promise<EngineRun> {
  const { stdout, cpuSeconds, others } = await runFlink(build, program, args);
  const printed = JSON.parse(stdout) as Printed;
  const { words, countSum, steadySeconds, steadyWordsPerSecond, checkpoints, failedCheckpoints } = printed;
  return { words, countSum, steadySeconds, steadyWordsPerSecond, checkpoints, failedCheckpoints, cpuSeconds, others };
}
