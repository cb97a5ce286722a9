/**
 * Owns: the words that are only in secrets, in every form in which they could be said, and looking for them in what is said.
 *
 * SEW1 A word shorter than WORD_MIN could be found by chance, and is a mistake of the test that plants it.
 */
import assert from "node:assert/strict";
import type { Secret } from "../../operator/kubernetes/api/index.ts";

const WORD_MIN = 8;
/** As logs of a line show it. */
const LONG = 60;

/** What it is → the word, for each value of the Secrets: as it is, as base64, and of a key in PEM its first line. Certificates are public. */
export function wordsOf(secrets: readonly Secret[]): Map<string, string> {
  const words = new Map<string, string>();
  for (const { metadata, data = {} } of secrets) {
    for (const [file, base64] of Object.entries(data)) {
      if (file.endsWith(".crt")) continue;
      const what = `${metadata.name}/${file}`;
      words.set(`${what}, as base64`, base64.replace(/=+$/, "").slice(0, LONG));
      const bytes = Buffer.from(base64, "base64");
      const text = bytes.toString("utf8");
      if (text.startsWith("-----BEGIN")) words.set(`${what}, as PEM`, text.split("\n")[1] ?? "");
      else if (Buffer.from(text).equals(bytes)) words.set(what, text.slice(0, LONG));
      else words.set(`${what}, as hexadecimal`, bytes.toString("hex"));
    }
  }
  return words;
}

/** `place: what`, of each word that is somewhere. */
export function findWords(said: ReadonlyMap<string, string>, words: ReadonlyMap<string, string>): string[] {
  for (const [what, word] of words) assert.ok(word.length >= WORD_MIN, `${what} is too short to be looked for`);
  return [...said].flatMap(([place, text]) =>
    [...words].filter(([, word]) => text.includes(word)).map(([what]) => `${place}: ${what}`),
  );
}

/** Places with a bearer token of Kubernetes, whosever it is. */
export function findTokens(said: ReadonlyMap<string, string>): string[] {
  return [...said].filter(([, text]) => /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}/.test(text)).map(([place]) => place);
}
