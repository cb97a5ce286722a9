/**
 * Owns: requests to an API server, read: which call it is, and by what a call that changes something is known (SIE1).
 */
import { type ApiPath, parseApiPath } from "../../../operator/kubernetes/api/index.ts";
import { describeWrite, type Write } from "../controller/sieve.ts";

export type ApiCall = {
  /** Counted from 1, over all operators of a life. */
  readonly number: number;
  readonly method: string;
  /** With query. */
  readonly target: string;
  /** null: no path of a kind that is known. */
  readonly path: ApiPath | null;
  readonly isWatch: boolean;
  /** Empty: none. */
  readonly body: string;
  /** By what it is known; null: it changes nothing, or nothing of a job. */
  readonly mutation: string | null;
};

export type RequestFacts = Pick<ApiCall, "number" | "method" | "target" | "body"> & { readonly contentType: string };

export function readCall({ number, method, target, body, contentType }: RequestFacts): ApiCall {
  const url = new URL(target, "http://api");
  const path = parseApiPath(url.pathname);
  const isWatch = method === "GET" && url.searchParams.get("watch") !== null;
  const write = path === null ? null : writeOf(method, path, contentType);
  // What is told to people, and who leads, is not what the world is made of.
  const isTold = path?.kind === "Event" || path?.kind === "Lease";
  const mutation = path === null || write === null || isTold ? null : mutationOf(write, path, body);
  return { number, method, target, body, path, isWatch, mutation };
}

function writeOf(method: string, { subresource }: ApiPath, contentType: string): Write | null {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return subresource === "status" ? "updateStatus" : "update";
    case "PATCH":
      return contentType.startsWith("application/apply-patch") ? "apply" : "patch";
    case "DELETE":
      return "delete";
    default:
      return null;
  }
}

function mutationOf(write: Write, { kind, name }: ApiPath, body: string): string {
  const object = body === "" ? {} : (JSON.parse(body) as object);
  if (write === "delete" || write === "patch") return describeWrite(write, [kind, { name: name ?? "" }, object]);
  return describeWrite(write, [kind, object]);
}
