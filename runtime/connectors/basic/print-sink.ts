/**
 * Owns: the sink that writes lines to the TaskManager's stdout.
 * Not here: getting them out whole and in time (stdout-lines.ts).
 *
 * PS1 Like Flink's print: `prefix:n> ` when there are several subtasks (n from 1) and a prefix, `n> ` without one, `prefix> `
 *     with one subtask, nothing with neither.
 */
import type { PlainSink, SinkContext, SinkWriter } from "../../ports/index.ts";
import { lineOf } from "../kit/index.ts";
import { StdoutLines } from "./stdout-lines.ts";

export type PrintOptions<T = unknown> = {
  /** Stands in front of every line. */
  readonly prefix?: string;
  /** The text of a value. Default: a string as it is, anything else as JSON. */
  readonly format?: (value: T) => string;
  /** Default `print`. */
  readonly name?: string;
};

/** Prints every record: at least once, after a restart some again. */
export function printSink<T>(options: PrintOptions<T> = {}): PlainSink<T> {
  return {
    kind: "sink",
    name: options.name ?? "print",
    guarantee: "at-least-once",
    createWriter: (context) => new PrintWriter(options.format ?? lineOf, printPrefix(options.prefix, context), context),
  };
}

/** What stands in front of the lines of a subtask (PS1). */
export function printPrefix(prefix: string | undefined, where: Pick<SinkContext, "subtask" | "parallelism">): string {
  const parts = prefix === undefined || prefix === "" ? [] : [prefix];
  if (where.parallelism > 1) parts.push(String(where.subtask + 1));
  return parts.length === 0 ? "" : `${parts.join(":")}> `;
}

class PrintWriter<T> implements SinkWriter<T> {
  readonly #format: (value: T) => string;
  readonly #prefix: string;
  readonly #lines: StdoutLines;

  constructor(format: (value: T) => string, prefix: string, context: SinkContext) {
    this.#format = format;
    this.#prefix = prefix;
    this.#lines = new StdoutLines(context.name, context.clock);
  }

  write(value: T): void | Promise<void> {
    return this.#lines.add(`${this.#prefix}${this.#format(value)}\n`);
  }

  flush(): Promise<void> {
    return this.#lines.written();
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}
