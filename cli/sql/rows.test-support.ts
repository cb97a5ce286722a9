/** Owns: a row of two columns for tests. */
import type { PlanRow } from "../../runtime/sql/index.ts";

export const scalarRow: PlanRow = [
  { name: "name", type: { kind: "varchar", isNullable: true, length: 2_147_483_647 }, time: null },
  { name: "count", type: { kind: "bigint", isNullable: true }, time: null },
];
