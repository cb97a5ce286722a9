/**
 * Owns: what one user asked of a real API server, as its audit log has it.
 */
import { readFile } from "node:fs/promises";

export type AuditedRequest = {
  readonly verb: string;
  /** Empty: that of Pods and Services. */
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly code: number;
};

export type AuditAnnotation = {
  readonly resource: string;
  readonly name: string;
  readonly key: string;
  readonly value: string;
};

type Line = {
  readonly verb: string;
  readonly stage: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly responseStatus?: { readonly code: number };
};

/** Those that were answered, in order. A watch is answered when it begins. */
export async function requestsOf(user: string, auditLogPath: string): Promise<AuditedRequest[]> {
  return (await linesOf(auditLogPath))
    .filter(
      ({ user: who, stage, verb }) => who.username === user && (stage === "ResponseComplete") !== (verb === "watch"),
    )
    .map(({ verb, objectRef, responseStatus }) => ({
      verb,
      group: objectRef?.apiGroup ?? "",
      resource: objectRef?.resource ?? "",
      subresource: objectRef?.subresource ?? "",
      name: objectRef?.name ?? "",
      code: responseStatus?.code ?? 0,
    }));
}

/** What admission noted about objects of a namespace. */
export async function annotationsOf(namespace: string, auditLogPath: string): Promise<AuditAnnotation[]> {
  return (await linesOf(auditLogPath))
    .filter(({ objectRef }) => objectRef?.namespace === namespace)
    .flatMap(({ objectRef, annotations }) =>
      Object.entries(annotations ?? {}).map(([key, value]) => ({
        resource: objectRef?.resource ?? "",
        name: objectRef?.name ?? "",
        key,
        value,
      })),
    );
}

async function linesOf(auditLogPath: string): Promise<Line[]> {
  const text = await readFile(auditLogPath, "utf8");
  // The last line may still be written.
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

export const isWrite = ({ verb }: AuditedRequest): boolean => !["get", "list", "watch"].includes(verb);
