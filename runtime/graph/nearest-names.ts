/**
 * Owns: which known names a misspelt one probably meant.
 */
import { editDistance } from "../../base/index.ts";

/** At most three names, the nearest first: few edits away, or with the same last part. Empty when nothing is near. */
export function nearestNames(name: string, known: readonly string[]): readonly string[] {
  const lastPart = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return known
    .map((candidate) => {
      const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
      const sameEnd = candidate.slice(candidate.lastIndexOf(".") + 1) === lastPart;
      return { candidate, distance: sameEnd ? Math.min(edits, 4) : edits };
    })
    .filter(({ candidate, distance }) => distance <= Math.max(4, Math.floor(candidate.length / 3)))
    .sort((left, right) => left.distance - right.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}
