/**
 * Owns: JSON merge patch (RFC 7396). Pure.
 */
import { isObject, type Json } from "./json-value.ts";

/** `target` changed by `patch`: members that are null in the patch are removed, objects are merged, all else is replaced. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value);
  }
  return result;
}
