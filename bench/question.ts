/**
 * Owns: what a question of the bench is, and how its options are read.
 * Called by: run.ts (finds the question), every question (its options).
 *
 * QU1 What is wrong with the options is found before anything is measured, and said with what is allowed (exit 2).
 */
import { parseArgs } from "node:util";

/** One thing that the bench can be asked. */
export type Question = {
  /** What it measures, in one line. */
  readonly summary: string;
  /** Lines of `--option <n>  what it does (default …)`. */
  readonly options: readonly string[];
  /** `args`: what stood behind the question's name. Resolves with an exit code: 0 measured, 1 not. Errors: BadUsage. */
  run(args: readonly string[]): Promise<0 | 1>;
};

/** The words of the command line are wrong; the message says what is allowed. */
export class BadUsage extends Error {}

/** The values of `--name value` options by name, and "true" of each `--flag`. `names` and `flags`: those that are known. */
export function readOptions(
  args: readonly string[],
  names: readonly string[],
  flags: readonly string[] = [],
): ReadonlyMap<string, string> {
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: "string" as const }] as const),
    ...flags.map((name) => [name, { type: "boolean" as const }] as const),
  ]);
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return new Map(
      Object.entries(values).flatMap(([name, value]) =>
        value === undefined || Array.isArray(value) ? [] : [[name, String(value)]],
      ),
    );
  } catch (error) {
    throw new BadUsage((error as Error).message);
  }
}

/** A whole number from `least` to `most`, or `absent` when the option was not given. */
export function wholeNumber(
  options: ReadonlyMap<string, string>,
  name: string,
  bounds: { readonly absent: number; readonly least: number; readonly most: number },
): number {
  const text = options.get(name);
  if (text === undefined) return bounds.absent;
  const value = /^\d[\d_]{0,15}$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  if (value >= bounds.least && value <= bounds.most) return value;
  throw new BadUsage(`--${name} is "${text}"; give a whole number from ${bounds.least} to ${bounds.most}`);
}

/** One of some words, or undefined when the option was not given. */
export function oneOf<W extends string>(
  options: ReadonlyMap<string, string>,
  name: string,
  words: readonly W[],
): W | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new BadUsage(`--${name} is "${text}"; give ${words.join(" or ")}`);
}
