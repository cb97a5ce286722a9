/**
 * Owns: the rows of a plan as texts, for whoever shows them to people: as CAST(… AS STRING) has them, but for bytes (SQXT2).
 */
import { STRING_LENGTH } from "../types/sql-type.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { CalcNode, PlanColumn, PlanNode } from "./plan-tree.ts";

const at = { start: 0, end: 0 } as const;

/** The same columns, as STRINGs. */
export function castToText(input: PlanNode): CalcNode {
  const row = input.row.map(({ name, type }): PlanColumn => {
    const { isNullable } = type;
    return { name, type: { kind: "varchar", isNullable, length: STRING_LENGTH }, time: null };
  });
  const values = input.row.map(({ name, type, time }, index): TypedExpression => {
    const operand: TypedExpression = { kind: "column", at, name, type, time, depth: 0, index };
    return {
      kind: "cast",
      at,
      operand,
      isTry: false,
      isForPeople: true,
      type: (row[index] as PlanColumn).type,
      time: null,
    };
  });
  const { uid, changes, keys } = input;
  return { kind: "calc", uid: `${uid}:text`, row, changes, keys, input, condition: null, values };
}
