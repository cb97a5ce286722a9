/** How far a misspelt name is from a known one, for those who say what was probably meant. */

/** Levenshtein's: insertions, deletions and replacements. */
export function editDistance(left: string, right: string): number {
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

/** Whether both have the same letters, in whatever order: FORM and FROM, which is one mistake. */
export function hasSameLetters(left: string, right: string): boolean {
  return left.length === right.length && lettersOf(left) === lettersOf(right);
}

const lettersOf = (word: string): string => word.split("").toSorted().join("");
