/**
 * Owns: the form in which an API server tells of a failure (a Status object), read and written. Pure.
 * Called by: HttpKubernetesApi, the HTTP face of the embedded API server.
 *
 * APS1 The reason in the Status counts, before the HTTP code: a proxy in between may change the code, and 409 is two things.
 */
import { ApiError, type ApiErrorReason } from "./api-error.ts";

/** A Status object, as far as it is used. */
export type ApiStatus = {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: object;
  readonly status: "Failure" | "Success";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
    readonly retryAfterSeconds?: number;
  };
  readonly code?: number;
};

const wire: Readonly<Record<ApiErrorReason, { readonly code: number; readonly reason: string }>> = {
  NotFound: { code: 404, reason: "NotFound" },
  AlreadyExists: { code: 409, reason: "AlreadyExists" },
  Conflict: { code: 409, reason: "Conflict" },
  Gone: { code: 410, reason: "Expired" },
  Invalid: { code: 422, reason: "Invalid" },
  BadRequest: { code: 400, reason: "BadRequest" },
  Unauthorized: { code: 401, reason: "Unauthorized" },
  Forbidden: { code: 403, reason: "Forbidden" },
  TooManyRequests: { code: 429, reason: "TooManyRequests" },
  Timeout: { code: 504, reason: "Timeout" },
  Unavailable: { code: 503, reason: "ServiceUnavailable" },
};

const reasonsOnWire: Readonly<Record<string, ApiErrorReason>> = {
  ...Object.fromEntries(Object.entries(wire).map(([reason, each]) => [each.reason, reason as ApiErrorReason])),
  Gone: "Gone",
  ServerTimeout: "Timeout",
  InternalError: "Unavailable",
  RequestEntityTooLarge: "BadRequest",
  MethodNotAllowed: "BadRequest",
  NotAcceptable: "BadRequest",
  UnsupportedMediaType: "BadRequest",
};

/** The Status that tells of an error; `about` says which object was asked for. */
export function toApiStatus(error: ApiError, about: { name?: string; group?: string; kind?: string } = {}): ApiStatus {
  const { code, reason } = wire[error.reason];
  const causes = error.causes.map(({ field, message }) => ({ reason: causeReason(error), message, field }));
  const { retryAfterMs } = error;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    reason,
    details: {
      ...about,
      ...(causes.length === 0 ? {} : { causes }),
      ...(retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
    },
    code,
  };
}

function causeReason(error: ApiError): string {
  return error.reason === "Conflict" ? "FieldManagerConflict" : "FieldValueInvalid";
}

/** The Status that a body holds; null: it is something else, as of a proxy. */
export function parseApiStatus(body: string): ApiStatus | null {
  try {
    const value: unknown = JSON.parse(body);
    return isApiStatus(value) ? value : null;
  } catch {
    return null;
  }
}

export function isApiStatus(value: unknown): value is ApiStatus {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

/** The error that an answer tells of. `what` names the call, for answers that say nothing themselves. */
export function fromApiStatus(
  code: number,
  status: ApiStatus | null,
  what: string,
  retryAfterSeconds?: number,
): ApiError {
  const reason = reasonsOnWire[status?.reason ?? ""] ?? reasonOfCode(status?.code ?? code);
  const message = status?.message ?? "";
  const seconds = status?.details?.retryAfterSeconds ?? retryAfterSeconds;
  const causes = (status?.details?.causes ?? []).map(({ field = "", message: text = "" }) => ({
    field,
    message: text,
  }));
  return new ApiError(reason, message === "" ? `${what} was answered with ${code}: ${adviceFor(reason)}` : message, {
    causes,
    ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }),
  });
}

function reasonOfCode(code: number): ApiErrorReason {
  if (code === 409) return "Conflict";
  const known = Object.entries(wire).find(([, each]) => each.code === code);
  if (known !== undefined) return known[0] as ApiErrorReason;
  return code >= 400 && code < 500 ? "BadRequest" : "Unavailable";
}

function adviceFor(reason: ApiErrorReason): string {
  switch (reason) {
    case "Unauthorized":
      return "the API server does not know these credentials; check that they have not expired";
    case "Forbidden":
      return "check what these credentials are allowed to do";
    case "NotFound":
      return "check that the address is that of an API server, and that the StreamJob definitions (CRDs) are installed";
    case "BadRequest":
      return "the API server does not understand it; check its version";
    default:
      return "try again, and look at the API server if it stays so";
  }
}
