/**
 * Owns: what an error of the server or of the connection to it means, and how it is told.
 *
 * MYE1 Nothing here names a password.
 */
import { type ErrorCode, StreamError } from "../../../base/index.ts";
import type { CheckedServer } from "./options.ts";

/**
 * `away`: the server cannot be reached, or the connection is lost: an outcome may be unknown. `busy`: a deadlock, a lock that was not
 * had in time, or no room: nothing was done. `denied`: password or rights. `wrong`: the statement or its values do not fit the table.
 */
export type MySqlTrouble = "away" | "busy" | "denied" | "wrong";

const AWAY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
  "ER_CON_COUNT_ERROR",
  "ER_SERVER_SHUTDOWN",
  "ER_NORMAL_SHUTDOWN",
  "ER_QUERY_INTERRUPTED",
  "ER_CONNECTION_KILLED",
  "ER_OPTION_PREVENTS_STATEMENT",
  "ER_TOO_MANY_USER_CONNECTIONS",
]);
const BUSY = new Set([
  "ER_LOCK_DEADLOCK",
  "ER_LOCK_WAIT_TIMEOUT",
  "ER_XA_RBDEADLOCK",
  "ER_XA_RBTIMEOUT",
  "ER_XA_RBROLLBACK",
  "ER_LOCK_TABLE_FULL",
  "ER_TABLE_DEF_CHANGED",
  "ER_DISK_FULL",
  "ER_RECORD_FILE_FULL",
  "ER_OUTOFMEMORY",
  "ER_OUT_OF_RESOURCES",
]);
const DENIED = new Set([
  "ER_ACCESS_DENIED_ERROR",
  "ER_ACCESS_DENIED_NO_PASSWORD_ERROR",
  "ER_DBACCESS_DENIED_ERROR",
  "ER_TABLEACCESS_DENIED_ERROR",
  "ER_COLUMNACCESS_DENIED_ERROR",
  "ER_SPECIFIC_ACCESS_DENIED_ERROR",
  "ER_NOT_SUPPORTED_AUTH_MODE",
]);

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export function troubleOf(error: unknown): MySqlTrouble {
  const code = codeOf(error) ?? "";
  if (AWAY.has(code)) return "away";
  if (BUSY.has(code)) return "busy";
  if (DENIED.has(code)) return "denied";
  // The client's own complaint about a connection that has ended has no code.
  const { fatal, errno } = error as { readonly fatal?: unknown; readonly errno?: unknown };
  return fatal === true && typeof errno !== "number" ? "away" : "wrong";
}

/** What went wrong, in the server's words. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (text === "") return code ?? "unknown error";
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}

const ADVICE: Readonly<Record<MySqlTrouble, string>> = {
  away: "check that the server runs and can be reached from here; the restart tries again",
  busy: "another transaction holds the rows, or the server has no room; the restart tries again",
  denied: "check the user, its password and its rights on the database",
  wrong: "change the table, or the columns or the statement",
};

/** `user@host:port/database`. */
function addressOf(server: CheckedServer): string {
  return `${server.user}@${server.host}:${server.port}/${server.database}`;
}

type Where = { readonly who: string; readonly server: CheckedServer };

/** As what a sink fails with. What no restart can mend is terminal. */
export function mysqlError(where: Where, doing: string, cause: unknown): StreamError {
  return streamError("SINK_FAILED", where, [doing, cause]);
}

/** As what a lookup fails with. */
export function lookupError(where: Where, doing: string, cause: unknown): StreamError {
  return streamError("LOOKUP_FAILED", where, [doing, cause]);
}

/** As what a source fails with. */
export function sourceError(where: Where, doing: string, cause: unknown): StreamError {
  return streamError("SOURCE_FAILED", where, [doing, cause]);
}

function streamError(
  code: ErrorCode,
  { who, server }: Where,
  [doing, cause]: readonly [doing: string, cause: unknown],
): StreamError {
  if (cause instanceof StreamError) return cause;
  const trouble = troubleOf(cause);
  const message = `${who}: could not ${doing} at ${addressOf(server)}: ${reasonOf(cause)}; ${ADVICE[trouble]}`;
  return new StreamError(code, message, {
    destiny: trouble === "away" || trouble === "busy" ? "retry" : "terminal",
    cause,
  });
}
