/** Owns: types for tests, from how they are written. */
import { assert } from "../../../base/index.ts";
import { parseScript } from "../syntax/script.ts";
import { type SqlType, typeOf, typeText } from "./sql-type.ts";
import { type OperandType, type TypeRefusal } from "./type-families.ts";

/** As in `DECIMAL(10, 2) NOT NULL`. */
export function type(written: string): SqlType {
  const [statement] = parseScript(`CREATE TABLE t (a ${written})`).statements;
  const column = statement?.kind === "createTable" ? statement.columns[0] : undefined;
  assert(column?.kind === "physicalColumn", `${written} is no type`);
  return typeOf(column.type);
}

export const operand = (written: string): OperandType =>
  written === "NULL" ? { kind: "null", isNullable: true } : type(written);

/** The type, or `refused: reason. Remedy.` */
export const outcome = (result: SqlType | TypeRefusal): string =>
  result.kind === "refused" ? `refused: ${result.reason}. ${result.remedy}` : typeText(result);

/** One of each kind. */
export const sampleTypes: readonly SqlType[] =
  "CHAR(3); VARCHAR(20); STRING; BINARY(3); VARBINARY(20); BYTES; BOOLEAN; DECIMAL(10, 2); TINYINT; SMALLINT; INT; BIGINT; FLOAT; DOUBLE; DATE; TIME(0); TIMESTAMP(3); TIMESTAMP_LTZ(3); INTERVAL YEAR TO MONTH; INTERVAL DAY TO SECOND(3); ARRAY<INT>; ARRAY<STRING>; MULTISET<INT>; MAP<STRING, INT>; ROW<a INT, b STRING>"
    .split("; ")
    .map(type);
