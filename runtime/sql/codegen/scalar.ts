/**
 * Owns: functions of one expression over row objects: of conditions of joins, watermarks, VALUES, elements to be unnested.
 *
 * SQXS1 They take and give values as rows have them (rows/row-type.ts).
 */
import type { PlanRow } from "../plan/plan-tree.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { quoted } from "../../record/index.ts";
import { Code, type Generated, neutralOf } from "./code.ts";
import { asRowValue } from "./composites.ts";
import type { ColumnSource } from "./context.ts";
import { contextOf } from "./expression.ts";

type RowObject = Readonly<Record<string, unknown>>;

/** Columns of one row, or of two, one after the other. */
class RowSource implements ColumnSource {
  readonly #rows: readonly { readonly name: string; readonly row: PlanRow }[];

  constructor(rows: readonly { readonly name: string; readonly row: PlanRow }[]) {
    this.#rows = rows;
  }

  read(code: Code, index: number): Generated {
    return code.remembered(`column ${index}`, () => this.#read(code, index));
  }

  matchText(): null {
    return null;
  }

  readBytes(): null {
    return null;
  }

  #read(code: Code, index: number): Generated {
    let place = index;
    for (const { name, row } of this.#rows) {
      const column = row[place];
      if (column === undefined) {
        place -= row.length;
        continue;
      }
      const { type } = column;
      const found = code.keep(`${name}[${quoted(column.name)}]`);
      const value = type.kind === "date" ? `${found}.getTime()` : found;
      if (!type.isNullable) return { value: code.keep(value), isNull: null, type };
      const isNull = code.keep(`${found} === null`);
      return { value: code.keep(`${isNull} ? ${neutralOf(type)} : ${value}`), isNull, type };
    }
    throw new RangeError(`a column ${index} of a row that has fewer`);
  }
}

/** NULL is null. */
export function compileScalar(value: TypedExpression, row: PlanRow, session: SqlSession): (row: RowObject) => unknown {
  return compile(value, [{ name: "row", row }], session, asRowValue) as (row: RowObject) => unknown;
}

/** Of a join: whether the condition is TRUE of a left and a right row. */
export function compileCondition(
  condition: TypedExpression,
  { left, right }: { readonly left: PlanRow; readonly right: PlanRow },
  session: SqlSession,
): (left: RowObject, right: RowObject) => boolean {
  const rows = [
    { name: "left", row: left },
    { name: "right", row: right },
  ];
  return compile(condition, rows, session, (_code, { value }) => value) as (
    left: RowObject,
    right: RowObject,
  ) => boolean;
}

function compile(
  expression: TypedExpression,
  rows: readonly { readonly name: string; readonly row: PlanRow }[],
  session: SqlSession,
  result: (code: Code, generated: Generated) => string,
): (...rows: never[]) => unknown {
  const code = new Code();
  const generated = contextOf(code, new RowSource(rows), session, [expression]).generate(expression);
  const returned = result(code, generated);
  return code.compile(
    rows.map(({ name }) => name),
    `${code.text}\nreturn ${returned};`,
  );
}
