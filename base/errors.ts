/**
 * Owns: the one error class of the runtime and the two ways to fail.
 * Not here: the codes; each half declares its own (error-codes.ts, ERC2).
 *
 * ER1 A programmer's mistake is `assert`; it stays on in production.
 * ER2 The environment's or a user's failure is a StreamError with a code, a destiny, and a message that says
 *    what happened, where, and what to do.
 */
import type { ErrorCode } from "./error-codes.ts";

/** Whether trying again can help: `retry` goes through the restart strategy, `terminal` fails the job at once (RS-8). */
export type Destiny = "retry" | "terminal";

export type StreamErrorOptions = {
  readonly destiny?: Destiny;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
};

/** A failure of the environment or of the user's input. `message` is written for the person who has to act. */
export class StreamError extends Error {
  readonly code: ErrorCode;
  readonly destiny: Destiny;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: StreamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "StreamError";
    this.code = code;
    this.destiny = options.destiny ?? "retry";
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A broken invariant of this program: never caught to go on. */
export class AssertionFailure extends Error {
  constructor(message: string) {
    super(`invariant broken: ${message}`);
    this.name = "AssertionFailure";
  }
}

/** Throws AssertionFailure when `condition` is false. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** For the default branch of an exhaustive switch: does not compile when a variant is missing. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unexpected variant ${JSON.stringify(value)}`);
}

/** A failure in a form that travels between processes. */
export type ErrorInfo = {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** From a process of another version it may be one that no list of this version declares. */
  readonly code: ErrorCode | undefined;
  readonly destiny: Destiny;
};

/** Of what was thrown and is no Error. An object without a prototype, or whose own `toString` throws, has no text: that must not hide the failure that it is. */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "an object that has no text";
  }
}

/** Describes any thrown value; causes are appended to the stack, so nothing is lost on the way. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  if (!(thrown instanceof Error)) {
    const message = thrownText(thrown);
    return { name: "Error", message, stack: message, code: undefined, destiny: "retry" };
  }
  const stream = thrown instanceof StreamError ? thrown : undefined;
  return {
    name: thrown.name,
    message: thrown.message,
    stack: stackWithCauses(thrown),
    code: stream?.code,
    destiny: stream?.destiny ?? (thrown instanceof AssertionFailure ? "terminal" : "retry"),
  };
}

/** The reverse of toErrorInfo, as far as a reader of logs and exceptions needs it; the code is kept, known or not. */
export function fromErrorInfo(info: ErrorInfo): Error {
  const error =
    info.code === undefined
      ? new Error(info.message)
      : new StreamError(info.code, info.message, { destiny: info.destiny });
  error.name = info.name;
  error.stack = info.stack;
  return error;
}

function stackWithCauses(error: Error): string {
  let text = error.stack ?? `${error.name}: ${error.message}`;
  for (let cause = error.cause, depth = 0; cause !== undefined && depth < 8; depth++) {
    text += `\nCaused by: ${cause instanceof Error ? (cause.stack ?? cause.message) : thrownText(cause)}`;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return text;
}
