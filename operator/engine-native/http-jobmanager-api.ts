/**
 * Owns: the calls to a JobManager as HTTP requests, and what its answers mean.
 * Not here: the connection (http-exchange.ts), messages (contract), where a host name leads (given: addressOf).
 *
 * HJ1 Implements JA1 and JA2: every call ends in time with a value; what is not surely an answer of the JobManager that was meant is
 *     `unreachable`.
 * HJ2 Every request names the job it is for, and every answer has to: an address may have been given to somebody else meanwhile.
 *     Nothing of another job's JobManager is believed, its "not found" least of all (P-9, P-11).
 * HJ4 By https we show the operator's certificate for this very incarnation, and whoever answers has to show its JobManager's.
 * HJ6 A connection outlives the time between two looks at a job that is stable: to make one by https costs more than all else of a look.
 * HJ5 Where connections are given (`connect`), each call has one of its own, and the other side takes us for a process beside it.
 * HJ3 A refusal is one only in the contract's words: what a proxy in between says is no answer.
 */
import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import type { Duplex } from "node:stream";
import type { z } from "zod";
import type { Clock } from "../../base/index.ts";
import { clientOptions, type IdentityFiles } from "../../security/index.ts";
import {
  activationAnswerSchema,
  disposalStatusSchema,
  emptySchema,
  errorsSchema,
  type ExceptionsMessage,
  exceptionsSchema,
  IDLE_CONNECTION_MS,
  incarnationSchema,
  JOB_ID_HEADER,
  preflightAnswerSchema,
  savepointStatusSchema,
  triggerResponseSchema,
} from "../../contract/index.ts";
import {
  type Answer,
  type JobException,
  type JobManagerApi,
  type JobManagerTarget,
  jobManagerHost,
  REST_PORT,
  type TriggerState,
} from "../engine/index.ts";
import { type Exchange, type ExchangeLimits, type ExchangeRequest, exchangeAsKnown } from "./http-exchange.ts";

export type HttpJobManagerOptions = {
  readonly clock: Clock;
  /** Base URL without a slash at its end, such as `https://10.0.0.3:8081`; null: nobody has that name now. */
  readonly addressOf: (host: string, port: number) => string | null | Promise<string | null>;
  /** How a host is reached, in place of `addressOf`, where its address leads nowhere from here (HJ5). */
  readonly connect?: (host: string, port: number) => Promise<Duplex>;
  /** The operator's certificates for an incarnation (HJ4), in the order in which they are tried. Default: only JobManagers with a URL of http are asked. */
  readonly identityOf?: (target: JobManagerTarget) => readonly IdentityFiles[];
  /** Default 1500. */
  readonly deadlineMs?: number;
  /** Default 1 MiB. */
  readonly bodyBytesMax?: number;
  /** How many exceptions are asked for at most. Default 5. */
  readonly exceptionsMax?: number;
};

export interface HttpJobManagerApi extends JobManagerApi {
  /** Cuts what is open. */
  close(): void;
}

const DEADLINE_MS = 1500;
const BODY_BYTES_MAX = 1 << 20;
const EXCEPTIONS_MAX = 5;
/** A JobManager that hangs holds this many connections at most. */
const SOCKETS_PER_HOST_MAX = 8;
/** We close an idle connection before its JobManager does; one that closes it earlier says so, and is believed. */
const CLOSED_EARLIER_MS = 5000;
/** Of another's words, in messages that go into a status. */
const QUOTE_LENGTH_MAX = 500;
const MISDIRECTED = 421;

type Call = { readonly method: ExchangeRequest["method"]; readonly path: string; readonly body?: object };

/** A client; `close` it. */
export function createHttpJobManagerApi(options: HttpJobManagerOptions): HttpJobManagerApi {
  const sockets = {
    keepAlive: true,
    maxSockets: SOCKETS_PER_HOST_MAX,
    maxFreeSockets: 1,
    timeout: IDLE_CONNECTION_MS - CLOSED_EARLIER_MS,
  };
  const agent = new Agent(sockets);
  const secureAgent = new SecureAgent(sockets);
  const { clock, deadlineMs = DEADLINE_MS, bodyBytesMax = BODY_BYTES_MAX, exceptionsMax = EXCEPTIONS_MAX } = options;

  /** HJ4 */
  function secureWays(target: JobManagerTarget): readonly Pick<ExchangeLimits, "agent" | "tls">[] {
    const expected = { jobId: target.jobId, role: "jobmanager" } as const;
    const known = options.identityOf?.(target) ?? [];
    return known.map((files) => ({ agent: secureAgent, tls: clientOptions(files, expected) }));
  }

  /** Asks, and takes the answer for what the schema says. */
  async function ask<S extends z.ZodType>(
    target: JobManagerTarget,
    signal: AbortSignal,
    call: Call,
    schema: S,
  ): Promise<Answer<z.output<S>>> {
    const host = jobManagerHost(target.namespace, target.job, target.incarnation);
    let base: string | null;
    const { connect } = options;
    try {
      base = connect === undefined ? await options.addressOf(host, REST_PORT) : `http://localhost:${REST_PORT}`;
    } catch (error) {
      return { kind: "unreachable", message: `the address of ${host} is not known: ${String(error)}` };
    }
    if (base === null) return { kind: "unreachable", message: `${host} has no address` };
    const request: ExchangeRequest = {
      method: call.method,
      url: `${base}/v1${call.path}`,
      headers: { [JOB_ID_HEADER]: target.jobId },
      body: call.body === undefined ? null : JSON.stringify(call.body),
    };
    const plain = connect === undefined ? agent : new GivenConnections(() => connect(host, REST_PORT));
    const ways = base.startsWith("https:") ? secureWays(target) : [{ agent: plain }];
    const limits = { clock, deadlineMs, bodyBytesMax, signal };
    const outcome = await exchangeAsKnown(
      request,
      ways.map((way) => ({ ...way, ...limits })),
    );
    if (outcome === null) {
      return { kind: "unreachable", message: `${host} is asked by https, and there is no certificate` };
    }
    return readAnswer(`JobManager ${host} (${call.method} ${call.path})`, target.jobId, outcome, schema);
  }

  /** How a deletion goes that was asked for. */
  async function deletion(
    target: JobManagerTarget,
    path: string,
    signal: AbortSignal,
  ): Promise<Answer<TriggerState | null>> {
    const answer = await ask(target, signal, { method: "GET", path }, disposalStatusSchema);
    return triggerState(answer, () => ({ kind: "completed", location: "" }));
  }

  const jobPath = ({ jobId }: JobManagerTarget): string => `/jobs/${jobId}`;
  return {
    async incarnation(target, signal) {
      const answer = await ask(target, signal, { method: "GET", path: "/streamjob/incarnation" }, incarnationSchema);
      if (answer.kind !== "answer" || answer.value.jobId === target.jobId) return answer;
      return otherJob(`the JobManager of incarnation ${target.incarnation}`, target.jobId, answer.value.jobId);
    },
    preflight: (target, from, signal) =>
      ask(target, signal, { method: "POST", path: "/streamjob/preflight", body: { from } }, preflightAnswerSchema),
    async activate(target, activation, signal) {
      const call: Call = { method: "PUT", path: "/streamjob/activation", body: activation };
      const answer = await ask(target, signal, call, activationAnswerSchema);
      return confirmed(answer, ({ activationId }) => activationId, activation.activationId);
    },
    async stop(target, { triggerId, target: targetPath }, signal) {
      const call: Call = { method: "POST", path: `${jobPath(target)}/stop`, body: { targetPath, triggerId } };
      return confirmed(await ask(target, signal, call, triggerResponseSchema), requestId, triggerId);
    },
    async savepoint(target, { triggerId, target: targetPath }, signal) {
      const call: Call = { method: "POST", path: `${jobPath(target)}/savepoints`, body: { targetPath, triggerId } };
      return confirmed(await ask(target, signal, call, triggerResponseSchema), requestId, triggerId);
    },
    async checkpoint(target, triggerId, signal) {
      const call: Call = { method: "POST", path: `${jobPath(target)}/checkpoints`, body: { triggerId } };
      return confirmed(await ask(target, signal, call, triggerResponseSchema), requestId, triggerId);
    },
    async trigger(target, triggerId, signal) {
      const call: Call = { method: "GET", path: `${jobPath(target)}/savepoints/${triggerId}` };
      const answer = await ask(target, signal, call, savepointStatusSchema);
      return triggerState(answer, (operation) =>
        operation.location === undefined ? null : { kind: "completed", location: operation.location },
      );
    },
    async cancel(target, signal) {
      const call: Call = { method: "PATCH", path: `${jobPath(target)}?mode=cancel&discard=true` };
      const answer = await ask(target, signal, call, emptySchema);
      return answer.kind === "answer" ? { kind: "answer", value: undefined } : answer;
    },
    async disposeSavepoint(target, { triggerId, location }, signal) {
      const body = { "savepoint-path": location, triggerId };
      const call: Call = { method: "POST", path: "/savepoint-disposal", body };
      return confirmed(await ask(target, signal, call, triggerResponseSchema), requestId, triggerId);
    },
    disposal: (target, triggerId, signal) => deletion(target, `/savepoint-disposal/${triggerId}`, signal),
    async collect(target, { triggerId, storeUri }, signal) {
      const call: Call = { method: "POST", path: "/streamjob/collections", body: { storeUri, triggerId } };
      return confirmed(await ask(target, signal, call, triggerResponseSchema), requestId, triggerId);
    },
    collection: (target, triggerId, signal) => deletion(target, `/streamjob/collections/${triggerId}`, signal),
    async exceptions(target, signal) {
      const path = `${jobPath(target)}/exceptions?maxExceptions=${exceptionsMax}`;
      const answer = await ask(target, signal, { method: "GET", path }, exceptionsSchema);
      return answer.kind === "answer" ? { kind: "answer", value: exceptionsOf(answer.value) } : answer;
    },
    close() {
      agent.destroy();
      secureAgent.destroy();
    },
  };
}

/** HJ5 */
class GivenConnections extends Agent {
  readonly #connect: () => Promise<Duplex>;

  constructor(connect: () => Promise<Duplex>) {
    super({ keepAlive: false });
    this.#connect = connect;
  }

  override createConnection(_options: unknown, done?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#connect().then(
      (stream) => done?.(null, stream),
      // The other argument is looked at only without an error.
      (error: Error) => (done as ((error: Error) => void) | undefined)?.(error),
    );
  }
}

function exceptionsOf({ exceptionHistory }: ExceptionsMessage): readonly JobException[] {
  return exceptionHistory.entries.map(({ exceptionName, stacktrace, timestamp, taskName }) => ({
    timeMs: timestamp,
    message: quote(firstLine(stacktrace) || exceptionName),
    taskName,
  }));
}

const requestId = (value: { readonly "request-id": string }): string => value["request-id"];

/** What came back, as far as it can be believed (HJ2, HJ3). */
function readAnswer<S extends z.ZodType>(
  who: string,
  jobId: string,
  outcome: Exchange,
  schema: S,
): Answer<z.output<S>> {
  if (outcome.kind === "none") return { kind: "unreachable", message: `${who} ${outcome.message}` };
  const { status, headers, text } = outcome;
  const theirs = headers[JOB_ID_HEADER];
  if (theirs !== undefined && theirs !== jobId) return otherJob(who, jobId, String(theirs));
  if (theirs === undefined || status === MISDIRECTED) {
    return { kind: "unreachable", message: `${who} answered ${status} and does not say that it runs job ${jobId}` };
  }
  const body = parseJson(text);
  if (status >= 200 && status < 300) {
    const value = schema.safeParse(body);
    if (value.success) return { kind: "answer", value: value.data };
    const issue = value.error.issues[0];
    const problem = body === undefined ? "it is no JSON" : `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`;
    return { kind: "unreachable", message: `${who} sent what is no answer to this: ${quote(problem)}` };
  }
  const refusal = status >= 400 ? errorsSchema.safeParse(body) : undefined;
  if (refusal?.success === true) return { kind: "refused", status, message: quote(refusal.data.errors.join("; ")) };
  return { kind: "unreachable", message: `${who} answered ${status} with what no JobManager says: "${quote(text)}"` };
}

function otherJob(who: string, jobId: string, theirs: string): Answer<never> {
  return { kind: "unreachable", message: `${who} answers for another job: ${quote(theirs)}, not ${jobId}` };
}

/** An answer that has to repeat the id that was given: else something else was answered. */
function confirmed<T>(answer: Answer<T>, idOf: (value: T) => string, id: string): Answer<void> {
  if (answer.kind !== "answer") return answer;
  const theirs = idOf(answer.value);
  if (theirs === id) return { kind: "answer", value: undefined };
  return { kind: "unreachable", message: `The JobManager accepted ${theirs} when asked for ${id}` };
}

type Operation = { readonly location?: string; readonly "failure-cause"?: { readonly "stack-trace": string } };

function triggerState<O extends object>(
  answer: Answer<{ readonly status: { readonly id: string }; readonly operation: O | null }>,
  done: (operation: O) => TriggerState | null,
): Answer<TriggerState | null> {
  if (answer.kind === "refused" && answer.status === 404) return { kind: "answer", value: null };
  if (answer.kind !== "answer") return answer;
  const { status, operation } = answer.value;
  if (status.id === "IN_PROGRESS") return { kind: "answer", value: { kind: "inProgress" } };
  const failure = (operation as Operation | null)?.["failure-cause"];
  if (failure !== undefined) {
    return { kind: "answer", value: { kind: "failed", message: quote(firstLine(failure["stack-trace"])) } };
  }
  const state = operation === null ? null : done(operation);
  if (state !== null) return { kind: "answer", value: state };
  return { kind: "unreachable", message: "The JobManager says that it is over, but not how it ended" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Undefined is what JSON cannot say; the caller tells it from every value.
    return undefined;
  }
}

/** Another's words: one line, not endless. */
function quote(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, " ").trim();
  return line.length <= QUOTE_LENGTH_MAX ? line : `${line.slice(0, QUOTE_LENGTH_MAX)}…`;
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
