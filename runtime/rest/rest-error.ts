/**
 * Owns: which HTTP status a failure has.
 */
import { type ErrorCode, type ErrorInfo, StreamError } from "../../base/index.ts";

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 421 | 500 | 503 | 507;

/** A request that ends with an error: thrown by handlers, turned into `{"errors": […]}` in one place. */
export class RestError extends Error {
  readonly status: ErrorStatus;
  readonly errors: readonly string[];

  constructor(status: ErrorStatus, errors: readonly string[]) {
    super(errors.join("; "));
    this.name = "RestError";
    this.status = status;
    this.errors = errors;
  }
}

const statusByCode: Partial<Record<ErrorCode, ErrorStatus>> = {
  REQUEST_INVALID: 400,
  SAVEPOINT_NO_TARGET: 400,
  OPTION_INVALID: 400,
  JOB_NOT_FOUND: 404,
  SAVEPOINT_NOT_FOUND: 404,
  JOB_STATE_CONFLICT: 409,
  SAVEPOINT_FAILED: 409,
  STORE_UNAVAILABLE: 503,
  STORE_FULL: 507,
};

/** What was refused by the JobManager, as an answer. */
export function refusal(error: ErrorInfo): RestError {
  const status = (error.code === undefined ? undefined : statusByCode[error.code]) ?? 500;
  return new RestError(status, [error.message]);
}

/** Any thrown value as an answer; what is not meant for clients says only that it failed (the log has the rest). */
export function toRestError(thrown: unknown): RestError {
  if (thrown instanceof RestError) return thrown;
  if (thrown instanceof StreamError) return new RestError(statusByCode[thrown.code] ?? 500, [thrown.message]);
  return new RestError(500, ["Internal error: see the JobManager's log."]);
}
