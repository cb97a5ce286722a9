/**
 * Owns: what operators of SQL say of rows, which never come to them: edges between them are of columns (OP7).
 */
import { assert } from "../../../base/index.ts";

export function refuseRow(): never {
  return assert(false, "an operator of columns is given batches") as never;
}
