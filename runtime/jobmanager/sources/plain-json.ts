/**
 * Owns: what may travel, and be kept in a manifest, as JSON: splits, and the states of enumerators.
 */

/** Whether JSON brings it over unchanged; fields that are undefined may get lost. */
export function isPlainJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (Array.isArray(value)) return Array.from(value).every(isPlainJson); // Array.from: a hole counts, as undefined.
  if (typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return false;
  return Object.values(value).every((field) => field === undefined || isPlainJson(field));
}

/** In messages, of what is not. */
export const PLAIN_JSON = "use only objects, arrays, strings, finite numbers other than -0, booleans and null";
