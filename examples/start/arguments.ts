/**
 * Owns: the words behind `npm start --`.
 *
 * ARG1 What is wrong is found before anything is started, and said with what to do.
 */
import { existsSync, globSync } from "node:fs";
import { parseArgs } from "node:util";
import { textsOf } from "../01-word-count/texts.ts";

export type Wanted = {
  /** Files, folders and globs; empty: the prose of the installed packages. */
  readonly names: readonly string[];
  /** Without the violence. */
  readonly isCalm: boolean;
  /** How long reading is to last. */
  readonly seconds: number;
  /** Whether what was written stays. */
  readonly keeps: boolean;
};

export type Arguments =
  | { readonly kind: "run"; readonly wanted: Wanted }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export const USAGE = `usage: npm start [-- [--calm] [--seconds <n>] [--keep] [file, folder or glob …]]

Counts the words of a text with a stream job that loses its processes on the way, and compares every count with a direct one.

  --calm         kills nothing, stops nothing
  --seconds <n>  how long reading is to last (default 30)
  --keep         leaves the counts, checkpoints and logs where they were written

Without a name it reads the README, LICENSE and Markdown files of node_modules.
Exit codes: 0 all counts are equal, 1 they are not or the job failed, 2 bad usage.`;

const SECONDS_MAX = 86_400;

/** `args`: without the program's own name. Names are looked up in the working directory. */
export function readArguments(args: readonly string[]): Arguments {
  const parsed = parse(args);
  if (typeof parsed === "string") return { kind: "wrong", message: parsed };
  const { values, positionals: names } = parsed;
  if (values.help === true) return { kind: "help" };
  const seconds = Number(values.seconds);
  if (!(seconds >= 1 && seconds <= SECONDS_MAX)) {
    return { kind: "wrong", message: `--seconds is ${values.seconds}; give a number from 1 to ${SECONDS_MAX}` };
  }
  const missing = names.flatMap((name) => problemOf(name) ?? []);
  if (missing.length > 0) return { kind: "wrong", message: missing.join("\n") };
  return { kind: "run", wanted: { names, isCalm: values.calm === true, seconds, keeps: values.keep === true } };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        calm: { type: "boolean" },
        seconds: { type: "string", default: "30" },
        keep: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return (error as Error).message;
  }
}

function problemOf(name: string): string | null {
  if (existsSync(name)) return null;
  const here = `in ${process.cwd()}`;
  if (textsOf([name]).glob.length === 0) return `There is no file or folder ${name} ${here}; check the name.`;
  return globSync(name).length > 0 ? null : `No file matches ${name} ${here}; check the pattern.`;
}
