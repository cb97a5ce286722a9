/**
 * Owns: the value that a job module exports.
 */
import type { StreamEnvironment } from "./environment.ts";

/** A job: what `export default job((env) => { … })` makes. */
export type Job = {
  readonly kind: "job";
  readonly build: (env: StreamEnvironment) => void | Promise<void>;
};

/**
 * Declares a job. `build` describes the graph and must be deterministic: every process that takes part in the job calls it and
 * has to get the same graph. It may be async, for example to read a file that says what the graph is.
 */
export function job(build: (env: StreamEnvironment) => void | Promise<void>): Job {
  return { kind: "job", build };
}

/** Whether a module's export is a job, also one made by another copy of this package. */
export function isJob(value: unknown): value is Job {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === "job" &&
    "build" in value &&
    typeof value.build === "function"
  );
}
