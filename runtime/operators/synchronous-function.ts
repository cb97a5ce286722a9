/**
 * Owns: refusing async functions, and generators where nothing would run them, at the time the job is built (FN1).
 * Called by: the factories of operators that take plain functions. What is a promise only when it runs: user-call.ts.
 */
import { StreamError } from "../../base/index.ts";

/** Own reference: a job's code may replace what is on the prototype. */
const { toString: objectToString } = Object.prototype;

/** What a function's result is taken for. A generator is a good `iterable`, and never runs where a `value` is wanted, or nothing. */
export type ResultForm = "value" | "iterable" | "nothing";

const INSTEAD = {
  value: "return the value, or use flatMap or process, which emit what a generator yields",
  nothing: "emit by calling `out.collect`",
} as const;

/**
 * Throws JOB_GRAPH_INVALID when `fn` is no function, or an `async` one, whose promise would be taken for the result (a filter would
 * keep everything), or a generator where its result is a value.
 */
export function assertSynchronous(operator: string, fn: unknown, form: ResultForm = "value"): void {
  if (typeof fn !== "function") throw refused(`${operator}: got ${String(fn)} where a function is needed`);
  const kind = Reflect.apply(objectToString, fn, []) as string;
  const named = `${operator}: the function${fn.name === "" ? "" : ` ${fn.name}`}`;
  if (kind === "[object AsyncFunction]" || kind === "[object AsyncGeneratorFunction]") {
    throw refused(
      `${named} is async, but nothing is awaited per record; make it synchronous, or use mapAsync, which asks for many records at a time`,
    );
  }
  if (kind === "[object GeneratorFunction]" && form !== "iterable") {
    throw refused(`${named} is a generator (function*), which would not even begin to run here; ${INSTEAD[form]}`);
  }
}

function refused(message: string): StreamError {
  return new StreamError("JOB_GRAPH_INVALID", message, { destiny: "terminal" });
}
