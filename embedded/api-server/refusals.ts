/**
 * Owns: the words of the API server's errors, as Kubernetes says them: people and tools know these sentences.
 * Does not own: when they are said. Called by: every file of this folder.
 */
import { ApiError, type Kind, resources } from "../../operator/kubernetes/api/index.ts";

/** One field at fault, and why. */
export type FieldProblem = { readonly field: string; readonly message: string };

export const field = {
  required: (path: string, detail = ""): FieldProblem => ({
    field: path,
    message: detail === "" ? "Required value" : `Required value: ${detail}`,
  }),
  invalid: (path: string, value: unknown, detail: string): FieldProblem => ({
    field: path,
    message: `Invalid value: ${shown(value)}: ${detail}`,
  }),
  forbidden: (path: string, detail: string): FieldProblem => ({ field: path, message: `Forbidden: ${detail}` }),
  unsupported: (path: string, value: unknown, supported: readonly unknown[]): FieldProblem => ({
    field: path,
    message: `Unsupported value: ${shown(value)}: supported values: ${supported.map(shown).join(", ")}`,
  }),
  duplicate: (path: string, value: unknown): FieldProblem => ({
    field: path,
    message: `Duplicate value: ${shown(value)}`,
  }),
  tooLong: (path: string, max: number): FieldProblem => ({
    field: path,
    message: `Too long: may not be more than ${max} bytes`,
  }),
  tooMany: (path: string, count: number, max: number): FieldProblem => ({
    field: path,
    message: `Too many: ${count}: must have at most ${max} items`,
  }),
};

/** Values in messages are cut: an object in a message helps nobody. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return '"array"';
  if (typeof value === "object" && value !== null) return '"object"';
  const text = JSON.stringify(value) ?? "null";
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** "" for the core group. */
export function groupOf(kind: Kind): string {
  const [group, version] = resources[kind].apiVersion.split("/");
  return version === undefined ? "" : (group ?? "");
}

/** Such as "streamjobs.streamjob.dev", "pods". */
export function resourceName(kind: Kind): string {
  const group = groupOf(kind);
  return group === "" ? resources[kind].plural : `${resources[kind].plural}.${group}`;
}

export const refusal = {
  notFound: (kind: Kind, name: string): ApiError =>
    new ApiError("NotFound", `${resourceName(kind)} "${name}" not found`),
  noSubresource: (kind: Kind): ApiError =>
    new ApiError("NotFound", `the server could not find the requested resource (${resources[kind].plural}/status)`),
  alreadyExists: (kind: Kind, name: string, isBeingDeleted: boolean): ApiError =>
    new ApiError(
      "AlreadyExists",
      `${isBeingDeleted ? "object is being deleted: " : ""}${resourceName(kind)} "${name}" already exists`,
    ),
  conflict: (kind: Kind, name: string, why: string): ApiError =>
    new ApiError("Conflict", `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`),
  stale: (kind: Kind, name: string): ApiError =>
    refusal.conflict(
      kind,
      name,
      "the object has been modified; please apply your changes to the latest version and try again",
    ),
  precondition: (kind: Kind, name: string, what: "UID" | "ResourceVersion", given: string, actual: string): ApiError =>
    refusal.conflict(
      kind,
      name,
      `Precondition failed: ${what} in precondition: ${given}, ${what} in object meta: ${actual}`,
    ),
  invalid: (kind: Kind, name: string, problems: readonly FieldProblem[]): ApiError => {
    const group = groupOf(kind);
    const sentences = problems.map(({ field: path, message }) => `${path}: ${message}`);
    const what = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
    return new ApiError("Invalid", `${group === "" ? kind : `${kind}.${group}`} "${name}" is invalid: ${what}`, {
      causes: problems,
    });
  },
};
