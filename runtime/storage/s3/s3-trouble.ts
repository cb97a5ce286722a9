/**
 * Owns: what an answer of an S3 server, or none, means: for the next attempt, and for the person who reads about it.
 * Not here: attempts (s3-calls.ts).
 */
import { StreamError } from "../../../base/index.ts";

export type S3Trouble =
  /** There is no such object, or no such upload. */
  | "missing"
  /** 412: a condition does not hold. */
  | "condition"
  /** 409: another write of this key is under way. */
  | "conflict"
  /** The store asks for fewer requests. */
  | "throttled"
  /** Trying again may help; whether the request was carried out is not known. */
  | "passing"
  | "full"
  /** The credentials may not. MinIO says so, too, of a write whose folder is deleted at that moment. */
  | "denied"
  /** The store says no, and will again. */
  | "refused";

type Answer = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
};

const BY_NAME: Readonly<Record<string, S3Trouble>> = {
  NoSuchKey: "missing",
  NotFound: "missing",
  NoSuchUpload: "missing",
  NoSuchBucket: "refused",
  PreconditionFailed: "condition",
  ConditionalRequestConflict: "conflict",
  OperationAborted: "conflict",
  SlowDown: "throttled",
  SlowDownRead: "throttled",
  SlowDownWrite: "throttled",
  TooManyRequests: "throttled",
  ThrottlingException: "throttled",
  RequestLimitExceeded: "throttled",
  RequestTimeout: "passing",
  BadDigest: "passing",
  IncompleteBody: "passing",
  XMinioStorageFull: "full",
  XMinioAdminBucketQuotaExceeded: "full",
  QuotaExceeded: "full",
  InsufficientStorage: "full",
  AccessDenied: "denied",
  NotImplemented: "refused",
};

const BY_STATUS: Readonly<Record<number, S3Trouble>> = {
  404: "missing",
  408: "passing",
  409: "conflict",
  412: "condition",
  429: "throttled",
  501: "refused",
  503: "throttled",
  507: "full",
};

export function troubleOf(error: unknown): S3Trouble {
  const { name, $metadata } = (error ?? {}) as Answer;
  const known = typeof name === "string" && Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  if (known !== undefined) return known;
  const status = $metadata?.httpStatusCode;
  // Without an answer: the connection was refused or cut, or the time was over. Without credentials nothing was sent.
  if (status === undefined) return name === "CredentialsProviderError" ? "refused" : "passing";
  return BY_STATUS[status] ?? (status >= 500 || status < 400 ? "passing" : "refused");
}

/** What the store asks to wait, or 0. */
export function retryAfterMsOf(error: unknown): number {
  const seconds = Number(((error ?? {}) as Answer).$response?.headers?.["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

/** A failure of `doing` (an infinitive) at `where` as an error for people. A StreamError is passed through. */
export function s3Error(doing: string, where: string, cause: unknown, attempts: number): StreamError {
  if (cause instanceof StreamError) return cause;
  const trouble = troubleOf(cause);
  const tries = attempts > 1 ? ` (${attempts} attempts)` : "";
  const said = `could not ${doing} ${where}: ${reasonOf(cause)}${tries}`;
  if (trouble === "full")
    return new StreamError("STORE_FULL", `${said}; free some space or raise the quota`, { cause });
  if (((cause ?? {}) as Answer).$metadata?.httpStatusCode === 501) {
    const advice = "the server does not support what checkpoints need; use another one";
    return new StreamError("STORE_UNSUITABLE", `${said}; ${advice}`, { cause, destiny: "terminal" });
  }
  return new StreamError("STORE_UNAVAILABLE", `${said}; ${adviceFor(cause, trouble)}`, { cause });
}

function adviceFor(cause: unknown, trouble: S3Trouble): string {
  const { name, $metadata } = (cause ?? {}) as Answer;
  if (name === "NoSuchBucket") return "create the bucket, or name another one";
  if (name === "CredentialsProviderError")
    return "set s3.access-key and s3.secret-key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod an identity";
  if ($metadata?.httpStatusCode === 403)
    return "check the credentials, and that they may get, put, delete and list objects below this prefix";
  if ($metadata?.httpStatusCode === 301) return "the bucket is in another region: set s3.endpoint.region";
  if (trouble === "throttled") return "the store limits requests; the call is retried";
  return trouble === "refused"
    ? "check s3.endpoint, s3.endpoint.region and s3.path.style.access"
    : "check that the store can be reached at s3.endpoint; the call is retried";
}

function reasonOf(cause: unknown): string {
  const { name, code, message, $metadata } = (cause ?? {}) as Answer;
  const status = $metadata?.httpStatusCode;
  const what = [code, name].find(
    (one) => typeof one === "string" && one !== "" && one !== "Error" && one !== "Unknown",
  );
  const parts = [what, message].filter((one) => typeof one === "string" && one !== "");
  const text = parts.length === 0 ? String(cause) : [...new Set(parts)].join(": ");
  return status === undefined ? text : `${text} (HTTP ${status})`;
}
