/**
 * Owns: what a caller of REST may do. Pure.
 *
 * ACC1 Nothing is allowed but what is listed here: the operator's certificate and this machine's loopback, every route alike (SEC-9).
 *     Whom the operator speaks for, it has asked the API server about, for reading and for changing apart.
 * ACC2 A refusal says what would be accepted, and nothing of what is behind it: it is the same for every path.
 */
import type { Caller } from "./callers.ts";

export type AccessRefusal = { readonly status: 401 | 403; readonly error: string };

/** null: it is served. */
export function refusalOfCaller(caller: Caller): AccessRefusal | null {
  if (caller.kind === "loopback") return null;
  if (caller.kind === "peer" && caller.role === "operator") return null;
  const advice = "this JobManager answers the operator's certificate; people ask the operator, with a bearer token";
  if (caller.kind === "peer") return { status: 403, error: `A ${caller.role} may not use this API: ${advice}` };
  return { status: 401, error: `Not authenticated: ${caller.reason}; ${advice}` };
}

/** For the log: who it was. `user`: whom the operator says that it speaks for; nobody else is believed. */
export function callerFacts(caller: Caller, user: string | undefined): { caller: string; user?: string } {
  if (caller.kind !== "peer") return { caller: caller.kind };
  if (caller.role !== "operator" || user === undefined) return { caller: caller.role };
  return { caller: caller.role, user: user.slice(0, 256) };
}
