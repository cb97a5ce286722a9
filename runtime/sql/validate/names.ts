/**
 * Owns: what is said about a name that is not there: the nearest one that is, or those that there are.
 *
 * SQVN1 Names of tables and columns are compared as they are written, those of built-in functions in any case, as in Flink. An unknown one suggests
 *     the nearest; without one near, it lists what there is, at most twenty names.
 */
import { editDistance, hasSameLetters } from "../../../base/index.ts";
import { nameText } from "../syntax/expression-text.ts";

const LISTED_MAX = 20;

/** Case alone is no distance. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const word = written.toLowerCase();
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const distance = editDistance(word, name.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  if (best === undefined) return undefined;
  // Two letters in each other's places are one mistake.
  const isSwapped = least === 2 && hasSameLetters(best.toLowerCase(), word);
  return isSwapped || least <= Math.max(1, Math.floor(written.length / 3)) ? best : undefined;
}

/** `Did you mean price?`, or `The columns here are a, b.`; `what`: as in `The columns here`. */
export function nameRemedy(written: string, names: readonly string[], what: string): string {
  const known = [...new Set(names)];
  const nearest = nearestName(written, known);
  if (nearest !== undefined) return `Did you mean ${quoted(nearest)}?`;
  if (known.length === 0) return `${what}: there are none.`;
  const listed = known.slice(0, LISTED_MAX).map(quoted).join(", ");
  return `${what} are ${listed}${known.length > LISTED_MAX ? `, and ${known.length - LISTED_MAX} more` : ""}.`;
}

/** As it has to be written. */
export const quoted = (name: string): string => nameText({ kind: "identifier", at: { start: 0, end: 0 }, name });
