/**
 * Owns: how a call to the API server fails, with Kubernetes' own reasons.
 *
 * AE1 Only reasons under which another try may help have destiny `retry`; a Conflict is one: read again, decide again.
 */
import { StreamError } from "../../../base/index.ts";

const reasons = {
  /** 404 */
  NotFound: "terminal",
  /** 409 on create */
  AlreadyExists: "terminal",
  /** 409: someone else changed it, or a precondition does not hold */
  Conflict: "retry",
  /** 410: the resourceVersion or continue token is too old */
  Gone: "retry",
  /** 422 */
  Invalid: "terminal",
  /** 400 */
  BadRequest: "terminal",
  /** 401: the server does not know who asks; nothing was done. Tokens expire, and come back */
  Unauthorized: "retry",
  /** 403 */
  Forbidden: "terminal",
  /** 429 */
  TooManyRequests: "retry",
  /** 504, or no answer in time: whether a write was done is not known */
  Timeout: "retry",
  /** 5xx, or no connection: whether a write was done is not known */
  Unavailable: "retry",
} as const;

export type ApiErrorReason = keyof typeof reasons;

export type ApiErrorOptions = {
  readonly cause?: unknown;
  /** Of TooManyRequests. */
  readonly retryAfterMs?: number;
  /** Of Invalid: the fields at fault. */
  readonly causes?: readonly { readonly field: string; readonly message: string }[];
};

export class ApiError extends StreamError {
  readonly reason: ApiErrorReason;
  readonly causes: readonly { readonly field: string; readonly message: string }[];

  constructor(reason: ApiErrorReason, message: string, options: ApiErrorOptions = {}) {
    const { cause, retryAfterMs, causes = [] } = options;
    super("KUBERNETES_API_FAILED", message, {
      destiny: reasons[reason],
      ...(cause === undefined ? {} : { cause }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
    this.reason = reason;
    this.causes = causes;
  }
}

/** Whether an error is the API server's, with one of these reasons. */
export function isApiError(error: unknown, ...anyOf: readonly ApiErrorReason[]): error is ApiError {
  return error instanceof ApiError && (anyOf.length === 0 || anyOf.includes(error.reason));
}

/** Whether a write was refused because the object is gone, or another one has its name: its uid was a precondition. */
export function isOfOtherObject(error: unknown): error is ApiError {
  if (isApiError(error, "NotFound", "Conflict")) return true;
  return isApiError(error, "Invalid") && error.causes.some(({ field }) => field === "metadata.uid");
}
