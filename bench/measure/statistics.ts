/** Owns: the three figures that a handful of runs is told by. */

export type Spread = { readonly min: number; readonly median: number; readonly max: number };

/** Of at least one value; the median of an even number is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("a spread is of at least one value");
  const sorted = values.toSorted((left, right) => left - right);
  const at = (place: number): number => sorted[place] as number;
  const middle = (sorted.length - 1) / 2;
  return { min: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, max: at(sorted.length - 1) };
}

/** `median (min … max)`, each written by `format`. */
export function spreadText(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return "-";
  const { min, median, max } = spreadOf(values);
  return values.length === 1 ? format(median) : `${format(median)} (${format(min)} … ${format(max)})`;
}
