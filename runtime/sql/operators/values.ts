/**
 * Owns: the rows of VALUES, worked out when the query begins.
 */
import type { ValuesNode } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import { compileScalar } from "../codegen/scalar.ts";
import type { SqlType } from "../types/sql-type.ts";
import { isSameType } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";

/** As rows have them. Errors: SQL_EXPRESSION_FAILED. */
export function valuesRows({ rows, row }: ValuesNode, session: SqlSession): readonly Record<string, unknown>[] {
  return rows.map((values) => {
    const made: Record<string, unknown> = {};
    for (const [index, { name, type }] of row.entries()) {
      const value = values[index];
      if (value !== undefined) made[name] = compileScalar(asColumn(value, type), [], session)({});
    }
    return made;
  });
}

/** A row's value as one of the type that its column has with all rows. */
function asColumn(value: TypedExpression, type: SqlType): TypedExpression {
  if (isSameType(value.type, type)) return value;
  return { kind: "cast", at: value.at, operand: value, isTry: false, time: null, type };
}
