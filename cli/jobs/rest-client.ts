/**
 * Owns: asking a JobManager over REST, with answers checked against the contract.
 *
 * RCL1 Every answer is a value of the contract, or a StreamError that says what to do.
 */
import type { z } from "zod";
import { type Clock, type ErrorCode, sleep, StreamError } from "../../base/index.ts";
import {
  type CheckpointRequestMessage,
  type CheckpointsMessage,
  checkpointStatusSchema,
  checkpointsSchema,
  emptySchema,
  errorsSchema,
  jobDetailsSchema,
  jobStatusMessageSchema,
  type JobDetailsMessage,
  type JobStatusName,
  metricsSchema,
  type SavepointRequestMessage,
  type StopRequestMessage,
  savepointStatusSchema,
  triggerResponseSchema,
} from "../../contract/index.ts";

const TIMEOUT_MS = 10_000;
const POLL_MS_MIN = 50;
const POLL_MS_MAX = 500;
const codeByStatus: Partial<Record<number, ErrorCode>> = {
  400: "REQUEST_INVALID",
  404: "JOB_NOT_FOUND",
  409: "JOB_STATE_CONFLICT",
};

export type TriggerOutcome =
  | { readonly kind: "inProgress" }
  /** The JobManager does not know the trigger: it was restarted since. */
  | { readonly kind: "unknown" }
  | { readonly kind: "completed"; readonly result: string }
  | { readonly kind: "failed"; readonly reason: string };

export class RestClient {
  readonly #jobUrl: string;
  readonly #timeoutMs: number;

  constructor(restUrl: string, jobId: string, timeoutMs: number = TIMEOUT_MS) {
    this.#jobUrl = `${restUrl}/v1/jobs/${jobId}`;
    this.#timeoutMs = timeoutMs;
  }

  async status(): Promise<JobStatusName> {
    return (await this.#ask("GET", "/status", jobStatusMessageSchema)).status;
  }

  details(): Promise<JobDetailsMessage> {
    return this.#ask("GET", "", jobDetailsSchema);
  }

  checkpoints(): Promise<CheckpointsMessage> {
    return this.#ask("GET", "/checkpoints", checkpointsSchema);
  }

  async restarts(): Promise<number> {
    const [metric] = await this.#ask("GET", "/metrics?get=numRestarts", metricsSchema);
    return Number(metric?.value ?? 0);
  }

  async cancel(): Promise<void> {
    await this.#ask("PATCH", "?mode=cancel", emptySchema);
  }

  async triggerSavepoint(triggerId: string, directory: string | null): Promise<void> {
    const body: SavepointRequestMessage = { "target-directory": directory, triggerId };
    await this.#ask("POST", "/savepoints", triggerResponseSchema, body);
  }

  async triggerStop(triggerId: string, directory: string | null, drain: boolean): Promise<void> {
    const body: StopRequestMessage = { targetDirectory: directory, drain, triggerId };
    await this.#ask("POST", "/stop", triggerResponseSchema, body);
  }

  async triggerCheckpoint(triggerId: string): Promise<void> {
    const body: CheckpointRequestMessage = { triggerId };
    await this.#ask("POST", "/checkpoints", triggerResponseSchema, body);
  }

  /** `result`: the savepoint's location. */
  async savepoint(triggerId: string): Promise<TriggerOutcome> {
    const message = await this.#askTrigger(`/savepoints/${triggerId}`, savepointStatusSchema);
    if (message === null) return { kind: "unknown" };
    const { operation } = message;
    return outcome(message.status.id, operation?.location, operation?.["failure-cause"]?.["stack-trace"]);
  }

  /** `result`: the checkpoint's id. */
  async checkpoint(triggerId: string): Promise<TriggerOutcome> {
    const message = await this.#askTrigger(`/checkpoints/${triggerId}`, checkpointStatusSchema);
    if (message === null) return { kind: "unknown" };
    const { operation } = message;
    return outcome(message.status.id, operation?.checkpointId?.toString(), operation?.failureCause?.["stack-trace"]);
  }

  async #askTrigger<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S> | null> {
    try {
      return await this.#ask("GET", path, schema);
    } catch (error) {
      if (error instanceof StreamError && error.code === "JOB_NOT_FOUND") return null;
      throw error;
    }
  }

  async #ask<S extends z.ZodType>(method: string, path: string, schema: S, body?: object): Promise<z.output<S>> {
    const url = this.#jobUrl + path;
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      text = await response.text();
    } catch (cause) {
      const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new StreamError("JOB_MANAGER_LOST", `the JobManager does not answer at ${url}: ${reason}`, { cause });
    }
    const value = parseJson(text);
    if (response.ok) {
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
    } else {
      const errors = errorsSchema.safeParse(value);
      if (errors.success)
        throw new StreamError(codeByStatus[response.status] ?? "JOB_STATE_CONFLICT", errors.data.errors.join("; "));
    }
    const what = `${method} ${url} was answered with ${response.status} and a body that is not a JobManager's`;
    throw new StreamError(
      "PROTOCOL_VIOLATION",
      `${what}: ${text.slice(0, 200)}. Another program may be using the port.`,
    );
  }
}

/**
 * Asks until the trigger has ended. `request` makes it known where the JobManager does not know it: at first, and when it has
 * been restarted since; with the same trigger id nothing is done twice (JC2). null: nobody answers, and `isOver` says that none will.
 */
export async function awaitTrigger(
  clock: Clock,
  poll: () => Promise<TriggerOutcome>,
  request: () => Promise<void>,
  isOver: () => boolean,
): Promise<TriggerOutcome | null> {
  for (let waitMs = POLL_MS_MIN; ; waitMs = Math.min(POLL_MS_MAX, waitMs * 1.3)) {
    try {
      const state = await poll();
      if (state.kind === "completed" || state.kind === "failed") return state;
      if (state.kind === "unknown") await request();
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== "JOB_MANAGER_LOST") throw error;
      // It is down: its runner brings it back, or the job is over.
      if (isOver()) return null;
    }
    await sleep(clock, waitMs);
  }
}

function outcome(status: string, result: string | undefined, failure: string | undefined): TriggerOutcome {
  if (status === "IN_PROGRESS") return { kind: "inProgress" };
  if (result !== undefined) return { kind: "completed", result };
  return { kind: "failed", reason: failure?.split("\n", 1)[0] ?? "no reason was given" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: no schema takes it
  }
}
