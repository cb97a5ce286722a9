/**
 * Owns: SELECT: its parts one after the other, each over the row of the one before.
 *
 * SQPX1 FROM, WHERE, GROUP BY with the aggregates, HAVING, OVER, QUALIFY, the SELECT list, DISTINCT: in that order.
 */
import type { TypedExpression, TypedSelect } from "../validate/typed-tree.ts";
import { fail } from "../syntax/problem.ts";
import { partsOf } from "../validate/values.ts";
import type { PlanContext } from "./plan-context.ts";
import { conjunctsOf, hasSubquery, integer } from "./plan-expressions.ts";
import { planGrouping } from "./plan-grouping.ts";
import { withOvers } from "./plan-over.ts";
import type { PlanNode } from "./plan-tree.ts";
import { ttlOfOnly } from "./state-ttl.ts";
import { withoutJsonAggregates } from "./json-aggregates.ts";
import { filtered } from "./push-down.ts";
import type { PlaceOf } from "./correlated-queries.ts";
import { filteredWithQueries, samePlace, withQueriesLifted } from "./subqueries.ts";

/** Row: the items, then what is hidden. */
export function planSelect(select: TypedSelect, whole: PlanContext): PlanNode {
  const context = { ...whole, ttls: select.ttls };
  const { builder } = context;
  const columns = [
    ...select.schema.columns.map(({ name }) => name),
    ...select.hidden.map((_, index) => `$order${index}`),
  ];
  const source = filteredWithQueries(sourceOf(select, context), conjunctsOf(select.where), samePlace, context);
  const grouped = groupsOf(select, source, context);
  const filter = conjunctsOf(grouped.having);
  const kept = filteredWithQueries(grouped.node, filter, grouped.placeOf, context);
  const lifted = withQueriesLifted(kept, grouped.values, grouped.placeOf, context);
  const over = withOvers(lifted.node, lifted.values, context);
  const qualify = grouped.qualifies ? over.values.slice(-1) : [];
  const items = grouped.qualifies ? over.values.slice(0, -1) : over.values;
  const qualified = filtered(over.node, qualify.flatMap(conjunctsOf), builder);
  const result = builder.calc({ input: qualified, condition: null, values: items }, columns);
  if (!select.isDistinct) return result;
  const groupBy = result.row.map((_, index) => index);
  return builder.aggregate({ input: result, groupBy, ...ttlOfOnly(select.ttls) }, []);
}

function sourceOf({ from }: TypedSelect, context: PlanContext): PlanNode {
  if (from !== null) return context.planTable(from, context);
  const dummy = { name: "$row", type: { kind: "int", isNullable: false }, time: null } as const;
  return context.builder.values([[integer(0)]], [dummy]);
}

type Groups = {
  readonly node: PlanNode;
  /** Items, hidden, and QUALIFY as the last one. */
  readonly values: readonly TypedExpression[];
  readonly qualifies: boolean;
  readonly having: TypedExpression | null;
  readonly placeOf: PlaceOf;
};

function groupsOf(select: TypedSelect, source: PlanNode, context: PlanContext): Groups {
  const { items, hidden, qualify, grouping } = select;
  const having = select.having === null ? null : withoutJsonAggregates(select.having);
  const values = [...items, ...hidden, ...(qualify === null ? [] : [qualify])].map(withoutJsonAggregates);
  const qualifies = qualify !== null;
  if (grouping === null) return { node: source, values, qualifies, having, placeOf: samePlace };
  const used = [...values, ...(having === null ? [] : [having])];
  for (const value of [...grouping.keys, ...used]) refuseQueries(value, grouping.keys.includes(value));
  const { node, rewrite, placeOf } = planGrouping(source, grouping, used, context);
  return { node, values: values.map(rewrite), qualifies, having: having === null ? null : rewrite(having), placeOf };
}

/** Queries beside groups are asked of the groups; those inside an aggregate or a key would be asked of each row. */
function refuseQueries(value: TypedExpression, isInside: boolean): void {
  if (isInside && hasSubquery(value))
    fail(
      value.at,
      "a query inside GROUP BY or an aggregate function",
      "Compute it in a query in FROM, and use its column.",
    );
  for (const part of partsOf(value)) refuseQueries(part, isInside || value.kind === "aggregate");
}
