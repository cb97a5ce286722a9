/**
 * Owns: the text of queries, from their trees. Rules as in expression-text.ts (SQLF1, SQLF2).
 */
import { unreachable } from "../../../base/index.ts";
import { ExpressionText, nameListText, nameText, qualifiedText, stringText } from "./expression-text.ts";
import type { Expression } from "./expression-tree.ts";
import type {
  GroupingItem,
  Hint,
  Query,
  QueryBody,
  Select,
  SelectItem,
  TableAlias,
  TableExpression,
} from "./query-tree.ts";

const expressions = new ExpressionText(queryText);

/** An expression on one line, for messages and statements. */
export const expressionText = (expression: Expression): string => expressions.of(expression);

export function queryText(query: Query): string {
  const { commonTables, body, orderBy, offset, limit } = query;
  const tables = commonTables.map(({ name, columns, query: inner }) => {
    const names = columns.length === 0 ? "" : ` ${nameListText(columns)}`;
    return `${nameText(name)}${names} AS (${queryText(inner)})`;
  });
  return [
    tables.length === 0 ? "" : `WITH ${tables.join(", ")} `,
    bodyText(body),
    orderBy.length === 0 ? "" : ` ORDER BY ${expressions.ordersOf(orderBy)}`,
    limit === null ? "" : ` LIMIT ${expressions.of(limit)}`,
    offset === null ? "" : ` OFFSET ${expressions.of(offset)}`,
  ].join("");
}

function bodyText(body: QueryBody): string {
  switch (body.kind) {
    case "select":
      return selectText(body);
    case "setOperation": {
      const { left, right, operator, isAll } = body;
      const leftText = operandText(
        left,
        left.kind === "setOperation" && (operator !== "INTERSECT" || left.operator === operator),
      );
      const rightText = operandText(
        right,
        right.kind === "setOperation" && right.operator === "INTERSECT" && operator !== "INTERSECT",
      );
      return `${leftText} ${operator}${isAll ? " ALL" : ""} ${rightText}`;
    }
    case "values":
      return `VALUES ${body.rows.map(rowText).join(", ")}`;
    case "explicitTable":
      return `TABLE ${qualifiedText(body.name)}`;
    case "query":
      return `(${queryText(body)})`;
    default:
      return unreachable(body);
  }
}

/** One operand of a set operation; `bindsWell`: it needs no parentheses though it is one itself (SQLQ1). */
function operandText(body: QueryBody, bindsWell: boolean): string {
  const text = bodyText(body);
  return body.kind === "setOperation" && !bindsWell ? `(${text})` : text;
}

function rowText(row: readonly Expression[]): string {
  const [only] = row;
  // In parentheses, a row inside the row would become the row itself.
  return row.length === 1 && only?.kind === "row" ? `ROW(${expressions.of(only)})` : `(${expressions.listOf(row)})`;
}

function selectText(select: Select): string {
  const { hints, isDistinct, items, from, where, groupBy, having, windows, qualify } = select;
  const named = windows.map(({ name, window }) => `${nameText(name)} AS ${expressions.windowInParentheses(window)}`);
  return [
    `SELECT${hintsText(hints)}${isDistinct ? " DISTINCT" : ""} ${items.map(itemText).join(", ")}`,
    from === null ? "" : ` FROM ${tableText(from)}`,
    where === null ? "" : ` WHERE ${expressions.of(where)}`,
    groupBy === null ? "" : ` GROUP BY ${groupBy.map(groupingText).join(", ")}`,
    having === null ? "" : ` HAVING ${expressions.of(having)}`,
    named.length === 0 ? "" : ` WINDOW ${named.join(", ")}`,
    qualify === null ? "" : ` QUALIFY ${expressions.of(qualify)}`,
  ].join("");
}

function itemText(item: SelectItem): string {
  if (item.kind === "wildcard") return [...item.table.map(nameText), "*"].join(".");
  const value = expressions.of(item.value);
  return item.alias === null ? value : `${value} AS ${nameText(item.alias)}`;
}

export function hintsText(hints: readonly Hint[]): string {
  if (hints.length === 0) return "";
  const texts = hints.map(({ name, options, arguments: args }) => {
    const parts = [
      ...options.map(({ key, value }) => `${stringText(key)} = ${stringText(value)}`),
      ...args.map(stringText),
    ];
    return parts.length === 0 ? nameText(name) : `${nameText(name)}(${parts.join(", ")})`;
  });
  return ` /*+ ${texts.join(", ")} */`;
}

function groupingText(item: GroupingItem): string {
  switch (item.kind) {
    case "groupingExpression":
      return expressions.of(item.value);
    case "groupingTuple":
      return item.items.length === 1 ? `ROW(${expressions.listOf(item.items)})` : `(${expressions.listOf(item.items)})`;
    case "groupingSets":
      return `GROUPING SETS (${item.items.map(groupingText).join(", ")})`;
    case "cube":
    case "rollup":
      return `${item.kind.toUpperCase()} (${item.items.map(groupingText).join(", ")})`;
    default:
      return unreachable(item);
  }
}

function tableText(table: TableExpression): string {
  switch (table.kind) {
    case "table": {
      const time = table.systemTime === null ? "" : ` FOR SYSTEM_TIME AS OF ${expressions.of(table.systemTime)}`;
      return `${qualifiedText(table.name)}${hintsText(table.hints)}${time}${aliasText(table.alias)}`;
    }
    case "derivedTable":
      return `${table.isLateral ? "LATERAL " : ""}(${queryText(table.query)})${aliasText(table.alias)}`;
    case "tableFunction":
      return `${table.isLateral ? "LATERAL " : ""}TABLE(${expressions.of(table.call)})${aliasText(table.alias)}`;
    case "unnest": {
      const ordinality = table.withOrdinality ? " WITH ORDINALITY" : "";
      return `UNNEST(${expressions.listOf(table.items)})${ordinality}${aliasText(table.alias)}`;
    }
    case "join": {
      const { left, right, join, isNatural, on, using } = table;
      const word = `${isNatural ? "NATURAL " : ""}${join === "INNER" ? "" : `${join} `}JOIN`;
      const rightText = right.kind === "join" ? `(${tableText(right)})` : tableText(right);
      const condition =
        on === null ? (using.length === 0 ? "" : ` USING ${nameListText(using)}`) : ` ON ${expressions.of(on)}`;
      return `${tableText(left)} ${word} ${rightText}${condition}`;
    }
    default:
      return unreachable(table);
  }
}

function aliasText(alias: TableAlias | null): string {
  if (alias === null) return "";
  return ` AS ${nameText(alias.name)}${alias.columns.length === 0 ? "" : nameListText(alias.columns)}`;
}
