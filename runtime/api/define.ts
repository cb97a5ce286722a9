/**
 * Owns: how a source or a sink of one's own is declared: with its types inferred, and with its hooks checked before a record is read.
 * Does not own: the ports (runtime/ports), what calls them.
 *
 * DF1 A hook that is missing, misspelt, or has the name of Flink's, is an error that names the connector and the hook. Node strips types
 *     without checking them, so this is found where the connector is made, not when the hook is first needed.
 */
import { StreamError } from "../../base/index.ts";
import type { PlainSink, Source, TwoPhaseCommitSink } from "../ports/index.ts";

/** What `defineSource` takes: a Source without its tag. */
export type SourceDefinition<T, S> = Omit<Source<T, S>, "kind">;
/** What `defineSink` takes: a sink without its tag. */
export type PlainSinkDefinition<T> = Omit<PlainSink<T>, "kind">;
export type TwoPhaseCommitSinkDefinition<T, X> = Omit<TwoPhaseCommitSink<T, X>, "kind">;

const READER_HOOKS = ["poll", "snapshot"];
const PLAIN_HOOKS = ["write"];
const TRANSACTION_HOOKS = ["begin", "write", "prepare", "commit", "abort", "abortAllExcept"];

/** Flink's names for hooks that have another here, with what a port has to mind. */
const flinkNames: Readonly<Record<string, string>> = {
  invoke: "it is called write here",
  preCommit: "it is called prepare here",
  recoverAndCommit: "commit does that, too: it may be called again, and by another process",
  recoverAndAbort:
    "abortAllExcept does the opposite of Flink's: its argument is what must NOT be aborted, and everything else has to be",
};

/** Declares a source. Errors: JOB_GRAPH_INVALID, at once or when a reader is made (DF1). */
export function defineSource<T, S>(source: SourceDefinition<T, S>): Source<T, S> {
  const what = `the source "${source.name}"`;
  requireHooks(what, source, ["createReader"]);
  const finders = [source.discover, source.createEnumerator].filter((find) => typeof find === "function");
  if (finders.length === 0)
    throw invalid(`${what} lacks discover, or createEnumerator; one of them has to be a function`);
  if (finders.length === 2) throw invalid(`${what} has both discover and createEnumerator; leave one out`);
  const hooks = source.createEnumerator === undefined ? READER_HOOKS : [...READER_HOOKS, "addSplits"];
  if (source.boundedness !== "bounded" && source.boundedness !== "unbounded")
    throw invalid(`${what}: boundedness is ${JSON.stringify(source.boundedness)}; say "bounded" or "unbounded"`);
  if (typeof source.type?.kind !== "string") throw invalid(`${what} has no type; give one of t's, such as t.string`);
  return {
    ...source,
    kind: "source",
    createReader: (context) => checked(`a reader of ${what}`, source.createReader(context), hooks),
  };
}

/** Declares a sink; with `guarantee: "exactly-once"` one that commits in two phases. Errors: JOB_GRAPH_INVALID, at once or when a writer is made (DF1). */
export function defineSink<T, X>(sink: TwoPhaseCommitSinkDefinition<T, X>): TwoPhaseCommitSink<T, X>;
export function defineSink<T>(sink: PlainSinkDefinition<T>): PlainSink<T>;
export function defineSink<T, X>(
  sink: TwoPhaseCommitSinkDefinition<T, X> | PlainSinkDefinition<T>,
): TwoPhaseCommitSink<T, X> | PlainSink<T> {
  const what = `the sink "${sink.name}"`;
  requireHooks(what, sink, ["createWriter"]);
  if (sink.guarantee === "exactly-once") {
    return {
      ...sink,
      kind: "sink",
      createWriter: (context) => checked(`a writer of ${what}`, sink.createWriter(context), TRANSACTION_HOOKS),
    };
  }
  if (sink.guarantee !== "at-least-once")
    throw invalid(
      `${what}: guarantee is ${JSON.stringify((sink as { guarantee?: unknown }).guarantee)}; say "at-least-once" or "exactly-once"`,
    );
  return {
    ...sink,
    kind: "sink",
    createWriter: (context) => checked(`a writer of ${what}`, sink.createWriter(context), PLAIN_HOOKS),
  };
}

function checked<W extends object>(what: string, made: W, hooks: readonly string[]): W {
  requireHooks(what, made, hooks);
  return made;
}

function requireHooks(what: string, given: object, hooks: readonly string[]): void {
  if (typeof given !== "object" || given === null)
    throw invalid(`${what} is no object; give one with ${hooks.join(", ")}`);
  const of = given as Readonly<Record<string, unknown>>;
  const foreign = Object.keys(flinkNames).find((name) => typeof of[name] === "function" && !hooks.includes(name));
  if (foreign !== undefined) throw invalid(`${what} has the hook ${foreign}: ${flinkNames[foreign]}`);
  const missing = hooks.filter((name) => typeof of[name] !== "function");
  if (missing.length > 0) throw invalid(`${what} lacks ${missing.join(" and ")}; each has to be a function`);
}

function invalid(message: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", message, { destiny: "terminal" });
}
