/**
 * Owns: the edges by which rows of one key meet.
 */
import type { DataStream } from "../api/index.ts";
import type { StreamOrigin } from "../graph/index.ts";
import { type PlanRow, RowKeys } from "../sql/index.ts";

/** `keys`: places in the row; none: all rows meet. */
export function keyedOrigins(
  { parts }: DataStream<unknown>,
  row: PlanRow,
  keys: readonly number[],
): readonly StreamOrigin[] {
  const { columns, ofRow } = new RowKeys(row, keys);
  const partitioning = { kind: "hash", keySelector: ofRow, keyColumns: columns } as const;
  return parts.origins.map((origin) => ({ ...origin, partitioning }));
}
