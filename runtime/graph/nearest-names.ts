/**
 * Owns: which known names a misspelt one probably meant.
 */

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

/** Levenshtein's: insertions, deletions and replacements. */
function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[right.length] ?? 0;
}
