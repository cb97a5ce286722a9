/**
 * Owns: refusing async functions where records are processed, at the time the job is built (FN1).
 * Called by: the factories of operators that take plain functions.
 */
import { StreamError } from "../base/index.ts";

/**
 * Throws JOB_GRAPH_INVALID when `fn` is no function, or an `async` one: its promise would be taken for the result (a filter
 * would keep everything).
 */
export function assertSynchronous(operator: string, fn: unknown): void {
  if (typeof fn !== "function") {
    throw new StreamError("JOB_GRAPH_INVALID", `${operator}: got ${String(fn)} where a function is needed`, {
      destiny: "terminal",
    });
  }
  const kind = Object.prototype.toString.call(fn);
  if (kind === "[object AsyncFunction]" || kind === "[object AsyncGeneratorFunction]") {
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `${operator}: the function${fn.name === "" ? "" : ` ${fn.name}`} is async, but nothing is awaited per record; make it synchronous`,
      { destiny: "terminal" },
    );
  }
}
