/**
 * Owns: which fields of a manifest are paths on this machine, and what relative ones start from: the manifest's own folder.
 * Called by: manifest-set.ts, before anything is sent. Pure.
 *
 * MP1 Absolute paths and URIs (`file:///…`, `s3://…`) stay as they are.
 */
import { resolve } from "node:path";

/** By kind. */
const pathFields: Readonly<Record<string, readonly (readonly string[])[]>> = {
  StreamJob: [
    ["spec", "job", "module"],
    ["spec", "checkpoints", "storage", "path"],
    ["spec", "savepoints", "path"],
    ["spec", "restore", "path"],
  ],
  StreamJobSnapshot: [["spec", "path"]],
};

/** The object with absolute paths. */
export function withAbsolutePaths(kind: string, object: unknown, folder: string): unknown {
  return (pathFields[kind] ?? []).reduce((changed, field) => changeAt(changed, field, folder), object);
}

function changeAt(value: unknown, path: readonly string[], folder: string): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return typeof value === "string" ? withAbsolutePath(value, folder) : value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return value;
  const record = value as Readonly<Record<string, unknown>>;
  return { ...record, [name]: changeAt(record[name], rest, folder) };
}

/** One path (MP1). */
export function withAbsolutePath(path: string, folder: string): string {
  return path === "" || /^[a-z][a-z0-9+.-]*:/i.test(path) ? path : resolve(folder, path);
}
