/**
 * Owns: the rule for keys (OBS4 of object-store.ts) and the order of listings.
 *
 * Keys come from the runtime itself or from a manifest whose structure was validated, so a bad one is a programmer's mistake.
 */
import { assert } from "../../base/index.ts";

const LONGEST_KEY = 1024;
const PART = /^[A-Za-z0-9_=@+,-][A-Za-z0-9._=@+,-]*$/;

/** True for relative keys of parts made of letters, digits and `._=@+,-` that do not start with a dot: no `..`, no hidden folder. */
export function isValidKey(key: string): boolean {
  return key.length > 0 && key.length <= LONGEST_KEY && key.split("/").every((part) => PART.test(part));
}

export function assertKey(key: string): void {
  assert(isValidKey(key), `${JSON.stringify(key)} is not a key of an object store`);
}

/** Prefixes are cut anywhere: the last part may be empty or unfinished. */
export function assertPrefix(prefix: string): void {
  assert(
    prefix === "" || isValidKey(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix),
    `${JSON.stringify(prefix)} is no prefix of keys`,
  );
}

/** Code unit order: keys are ASCII, so this is the order of their bytes too. */
export function compareKeys(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
