/**
 * Owns: what is asked of a table outside for a row, and the rows that come of its answer.
 * Does not own: asking (connectors), how many are asked at a time and in which order answers leave (runtime/table/lookup-streams.ts).
 *
 * SQAK1 NULL equals nothing: a row with NULL in what it asks by, or one that no answer could join, is not asked for.
 * SQAK2 An answer counts where its columns have the values that were asked by, as SQL compares them (SQLJ2).
 */
import type { PlanColumn, LookupJoinNode } from "../plan/plan-tree.ts";
import { lookupRow } from "../plan/lookup-row.ts";
import { allOf, conjunctsOf, isAnew, placesOf } from "../plan/plan-expressions.ts";
import { compileCondition } from "../codegen/scalar.ts";
import { namesOf, sameValues, type SqlRow } from "../rows/sql-row.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";

/** For one subtask. */
export type Lookup = {
  /** Values in the order of the node's `asks`; null: there is no match (SQAK1). */
  readonly askedBy: (row: SqlRow) => readonly unknown[] | null;
  /** The answers that the row is joined with. `answers`: rows with the names of the table's columns. Null: NULLs (of LEFT). */
  readonly matches: (row: SqlRow, answers: readonly SqlRow[]) => readonly (SqlRow | null)[];
  /** What is emitted for one of them. */
  readonly rowOf: (row: SqlRow, answer: SqlRow | null) => SqlRow;
};

export function lookupOf(node: LookupJoinNode, session: SqlSession): Lookup {
  const { input, asks, row: whole, join } = node;
  const width = input.row.length;
  const asked = asks.map(({ place }) => (input.row[place] as PlanColumn).name);
  const columns = askedColumns(node);
  const [ahead, behind] = conditionsOf(node, session);
  const [outNames, inNames, foundNames] = [namesOf(whole), namesOf(input.row), namesOf(lookupRow(node))];
  const isAnswer = (row: SqlRow, answer: SqlRow): boolean =>
    asked.every((name, index) => isSame(row[name], answer[columns[index] as string])) &&
    (behind === null || behind(row, answer));
  return {
    askedBy: (row) => {
      const values = asked.map((name) => row[name]);
      return values.includes(null) || (ahead !== null && !ahead(row, {})) ? null : values;
    },
    matches: (row, answers) => {
      const found = answers.filter((answer) => isAnswer(row, answer));
      return found.length === 0 && join === "LEFT" ? ALONE : found;
    },
    rowOf: (row, answer) => {
      const made: Record<string, unknown> = {};
      for (let place = 0; place < width; place++) made[outNames[place] as string] = row[inNames[place] as string];
      for (let place = 0; place < foundNames.length; place++)
        made[outNames[width + place] as string] = answer === null ? null : answer[foundNames[place] as string];
      return made;
    },
  };
}

const ALONE: readonly null[] = [null];
const VALUE = ["value"];

/** SQJR1 */
const isSame = (value: unknown, other: unknown): boolean =>
  value === other ||
  (typeof value === "object" && sameValues({ value }, { value: other }, VALUE)) ||
  Object.is(value, other);

/** Names of the table's columns that it is asked by. */
export const askedColumns = ({ asks, table }: LookupJoinNode): readonly string[] =>
  asks.map(({ column }) => (table.schema.columns[column] as PlanColumn).name);

type Test = ((row: SqlRow, answer: SqlRow) => boolean) | null;

/** What the row alone decides, and the rest. */
function conditionsOf(node: LookupJoinNode, session: SqlSession): readonly [Test, Test] {
  const rows = { left: node.input.row, right: lookupRow(node) };
  const isAhead = (part: TypedExpression): boolean =>
    !isAnew(part) && [...placesOf(part)].every((place) => place < rows.left.length);
  const parts = conjunctsOf(node.condition);
  const test = (some: readonly TypedExpression[]): Test => {
    const condition = allOf(some);
    return condition === null ? null : compileCondition(condition, rows, session);
  };
  return [test(parts.filter(isAhead)), test(parts.filter((part) => !isAhead(part)))];
}
