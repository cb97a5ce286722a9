/**
 * Owns: conditions that a database tests as well, so that rows that nobody takes do not leave it.
 *
 * SQCF1 The condition stays where it is, and the table gets those parts of it that drop no row there which it would let pass here: a whole number compared with one, a text that is
 *     equal to one (whatever else the database calls equal), and what is NULL. Texts have another order there, and decimals and times may have more digits than are read.
 * SQCF2 Of a table that several take, no row is dropped.
 */
import { isInteger, isText } from "../types/type-families.ts";
import type { CatalogTable } from "../validate/catalog.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { type NodeBuilder, namesOf } from "./node-builder.ts";
import { conjunctsOf } from "./plan-expressions.ts";
import type { PlanNode, ScanFilter, ScanNode } from "./plan-tree.ts";
import { builtAnewBy, takersOf } from "./rebuilt.ts";

const FLIPPED: Readonly<Record<string, ScanFilter["operator"]>> = {
  "=": "=",
  "<>": "<>",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};
const TESTS: ReadonlySet<string> = new Set(["IS NULL", "IS NOT NULL"]);

/** Plans of one script. `isFiltered`: whether its connector tests conditions. */
export function withScanFilters(
  roots: readonly PlanNode[],
  isFiltered: (table: CatalogTable) => boolean,
  builder: NodeBuilder,
): readonly PlanNode[] {
  const takers = takersOf(roots);
  const withFilters = (node: PlanNode): PlanNode => {
    if (node.kind !== "calc" || node.input.kind !== "scan") return node;
    const scan = node.input;
    if (!isFiltered(scan.table) || takers.get(scan) !== 1) return node;
    const filters = conjunctsOf(node.condition).flatMap((part) => filterOf(part, scan) ?? []);
    if (filters.length === 0) return node;
    return builder.calc({ ...node, input: builder.scan({ ...scan, filters }, scan.changes) }, namesOf(node.row));
  };
  return roots.map(builtAnewBy(withFilters, builder));
}

/** SQCF1. Null: the table cannot test it. */
function filterOf(part: TypedExpression, { columns }: ScanNode): ScanFilter | null {
  if (part.kind !== "call") return null;
  const [first, second] = part.arguments;
  if (first === undefined) return null;
  if (TESTS.has(part.name))
    return first.kind === "column"
      ? { column: columns[first.index] ?? -1, operator: part.name as ScanFilter["operator"], value: null }
      : null;
  const flipped = FLIPPED[part.name];
  if (second === undefined || flipped === undefined) return null;
  const isFirst = first.kind === "column";
  const [column, value] = isFirst ? [first, second] : [second, first];
  if (column.kind !== "column" || value.kind !== "literal") return null;
  const operator = isFirst ? (part.name as ScanFilter["operator"]) : flipped;
  const { literal } = value;
  const place = columns[column.index] ?? -1;
  if (isInteger(column.type) && literal.kind === "number" && /^-?\d{1,30}$/.test(literal.text))
    return { column: place, operator, value: BigInt(literal.text) };
  if (isText(column.type) && literal.kind === "string" && operator === "=")
    return { column: place, operator, value: literal.value };
  return null;
}
