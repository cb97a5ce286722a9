/**
 * Owns: what the conformance jobs have in common: numbered records at a rate that leaves time for a crash, and the arguments.
 */
import { parseArgs } from "node:util";
import { type Source, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

/** About two seconds of records. */
const RATE_PER_SECOND = 600;
export const COUNT = 1200;

export function outputOf(args: readonly string[]): string {
  const { values } = parseArgs({ args: [...args], options: { output: { type: "string" } } });
  if (values.output === undefined) throw new Error("give --output <folder>");
  return values.output;
}

/** The numbers `from`, …, `from + count - 1`. */
export function numbers(from = 0, count = COUNT): Source<number> {
  return generatorSource({
    generate: (index) => from + index,
    count,
    ratePerSecond: RATE_PER_SECOND,
    type: t.int32,
  });
}

export function lines(args: readonly string[]) {
  return filesSink<string>({ directory: outputOf(args) });
}

/** 0, 1, …, count - 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
