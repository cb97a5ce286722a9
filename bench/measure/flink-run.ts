/** Owns: one run of a Java program of bench/flink, to its end. */
import type { FlinkBuild } from "../flink/build.ts";
import { type ProgramRun, runProgram } from "./scratch.ts";

/** Errors: it ended with another code than 0; with the last of what it said. */
export async function runFlink(build: FlinkBuild, program: string, args: readonly string[]): Promise<ProgramRun> {
  const { classpath, java } = build;
  const run = await runProgram(java, ["-Xmx8g", "-cp", classpath, program, ...args]);
  if (run.exitCode !== 0) throw new Error(`${program} ended with ${run.exitCode}:\n${run.stderr.slice(-4000)}`);
  return run;
}
