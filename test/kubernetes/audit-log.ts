/**
 * Owns: what one user asked of a real API server, as its audit log has it.
 */
import { readFile } from "node:fs/promises";

export type AuditedRequest = {
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly code: number;
};

type Line = {
  readonly verb: string;
  readonly stage: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string };
  readonly responseStatus?: { readonly code: number };
};

/** Those that were answered, in order. A watch is answered when it begins. */
export async function requestsOf(user: string, auditLogPath: string): Promise<AuditedRequest[]> {
  const text = await readFile(auditLogPath, "utf8");
  // The last line may still be written.
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line)
    .filter(
      ({ user: who, stage, verb }) => who.username === user && (stage === "ResponseComplete") !== (verb === "watch"),
    )
    .map(({ verb, objectRef, responseStatus }) => ({
      verb,
      resource: objectRef?.resource ?? "",
      subresource: objectRef?.subresource ?? "",
      name: objectRef?.name ?? "",
      code: responseStatus?.code ?? 0,
    }));
}

export const isWrite = ({ verb }: AuditedRequest): boolean => !["get", "list", "watch"].includes(verb);
