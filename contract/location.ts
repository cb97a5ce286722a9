/**
 * Owns: which texts may name a place for a savepoint or a checkpoint, before anybody opens it (SEC-11). Pure, and safe in a browser.
 * Not here: which places a job may write to (jobmanager/checkpoints/savepoint-places.ts), opening one (runtime/storage).
 * Called by: messages of REST (triggers.ts), the kinds (crds), the command line.
 *
 * LCN1 A location is `file:///folder`, `s3://bucket/prefix`, `memory://name` or a plain path, and means the same to everybody who reads it: no
 *     user, password, port, query or fragment; no segment `.` or `..`, however it is written; no backslash, no control character, nothing
 *     invisible, and no letter that is a dot, slash or colon in disguise.
 * LCN2 A bucket is a name, never an address: none that is made of numbers alone.
 */

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s;
const SCHEMES: ReadonlySet<string> = new Set(["file", "s3", "s3a", "s3p", "memory"]);
/** Control, format (zero-width, direction), surrogate, private, unassigned; separators other than a space. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
/** After compatibility normalisation: what has a meaning in a path or URI. */
const MEANINGFUL = /[./\\%:@?#]/;
/** Slashes, backslashes and colons that normalisation leaves alone. */
const LOOKALIKES = /[\u2044\u2215\u29f8\u2571\u2216\u29f5\u29f9\u2236\ua789]/u;
/** Percent signs that hide a character with a meaning, or a second encoding. */
const HIDDEN = /%(?:2e|2f|5c|[01][0-9a-f]|7f|25[0-9a-f]{2}|u|c[01]|e0%80|f0%80)/i;
const NUMBERS_ONLY = /^(?:0x[0-9a-f]+|[0-9.]+)$/i;

/** Why the text names no place, as the rest of a sentence that begins with the text; null: it does. */
export function locationTrouble(text: string): string | null {
  if (HIDDEN.test(text)) return "must not hide dots, slashes or control characters behind percent signs";
  const decoded = decodedOf(text);
  if (decoded === null) return "must not have a percent sign that encodes nothing";
  const letters = lettersTrouble(text) ?? lettersTrouble(decoded);
  if (letters !== null) return letters;
  const [, scheme, rest = ""] = SCHEME.exec(text) ?? [];
  const path = scheme === undefined ? text : pathOf(scheme.toLowerCase(), rest);
  if (typeof path !== "string") return path.trouble;
  if (path.split("/").some((segment) => segment === "." || segment === ".."))
    return "must not have a segment . or .. in its path";
  return null;
}

function lettersTrouble(text: string): string | null {
  if (INVISIBLE.test(text)) return "must not hold control characters or invisible ones";
  if (text.includes("\\")) return "must not hold a backslash";
  for (const letter of text) {
    if (letter > "\u007f" && (MEANINGFUL.test(letter.normalize("NFKC")) || LOOKALIKES.test(letter)))
      return `must not hold ${letter}, which looks like another character`;
  }
  return null;
}

/** A URI is read with its percent signs decoded; a plain path is not. null: it cannot be. */
function decodedOf(text: string): string | null {
  if (!SCHEME.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** What comes behind scheme and authority, or what is wrong with those. */
function pathOf(scheme: string, rest: string): string | { readonly trouble: string } {
  if (!SCHEMES.has(scheme))
    return { trouble: `must not have the scheme ${scheme.slice(0, 20)}; use file, s3 or a plain path` };
  if (!rest.startsWith("//")) return { trouble: `must have two slashes after ${scheme}:` };
  if (/[?#]/.test(rest)) return { trouble: "must not have a query or a fragment" };
  const [, authority = "", path = ""] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [];
  if (/[@:]/.test(authority)) return { trouble: "must not name a user, a password or a port" };
  if (scheme === "file" && authority !== "")
    return { trouble: "must not name a host: a file is on this machine, file:///folder" };
  if (scheme !== "file" && !/^[A-Za-z0-9._-]+$/.test(authority))
    return { trouble: `must have a name of letters, digits, dots, hyphens and _ after ${scheme}://` };
  if (NUMBERS_ONLY.test(authority)) return { trouble: "must name a bucket, not an address" };
  return path;
}
