/**
 * Owns: which known name a misspelt one probably meant. Called by: validation.ts.
 */
import { editDistance } from "../base/index.ts";

/** The nearest of `known`, if it is few edits away from `name`; letters' case does not count. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const distanceMax = Math.max(2, Math.floor(name.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= distanceMax)
    .toSorted((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}
