/**
 * Owns: whether the tables of a plan have connectors that do what the plan asks, as problems at their places in the script.
 *
 * TCHK1 Each connector is made as the job will make it, so that whatever it refuses is known ahead, with its place; nothing is connected to for it.
 */
import { type CatalogTable, inputsOf, type PlanNode, type PlanSink, type SqlProblem } from "../sql/index.ts";
import { lookupOfTable } from "./lookup-streams.ts";
import { tableConnector, type TableConnector, TableError, type TableUses } from "../tables/index.ts";
import { descriptionOf, sourceOfScan } from "./table-descriptions.ts";

type Use = keyof TableUses;
type Make = (connector: TableConnector) => unknown;

export function tableProblems(sinks: readonly PlanSink[], queries: readonly PlanNode[]): readonly SqlProblem[] {
  const problems = new Map<CatalogTable, SqlProblem>();
  const check = (name: string, table: CatalogTable, use: Use, make: Make, at: SqlProblem["at"] | null = null): void => {
    const problem = table.given === null && !problems.has(table) ? problemOf({ name, table, use, at }, make) : null;
    if (problem !== null) problems.set(table, problem);
  };
  const seen = new Set<PlanNode>();
  const visit = (node: PlanNode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "scan") check(node.name, node.table, "isRead", (connector) => sourceOfScan(node, connector));
    if (node.kind === "lookupJoin")
      check(node.name, node.table, "isRead", (connector) => lookupOfTable(node, connector), node.at);
    for (const input of inputsOf(node)) visit(input);
  };
  for (const { name, table, input } of sinks) check(name, table, "isWritten", ({ sink }) => sink?.(input.changes));
  for (const node of [...sinks.map(({ input }) => input), ...queries]) visit(node);
  return [...problems.values()];
}

type Checked = {
  readonly name: string;
  readonly table: CatalogTable;
  readonly use: Use;
  /** Of what uses it; null: the table's own place. */
  readonly at: SqlProblem["at"] | null;
};

function problemOf({ name, table, use, at }: Checked, make: Make): SqlProblem | null {
  try {
    make(tableConnector(descriptionOf(name, table, use)));
    return null;
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    const { message, remedy } = error.problem;
    return { message: `table ${name}: ${message}`, remedy, at: placeOf(table, error.problem, at) };
  }
}

/** Of the option or the column that is wrong; where there is none, of its use, or of the table's name. */
function placeOf(
  { definition }: CatalogTable,
  { option, column }: { readonly option?: string; readonly column?: string },
  use: SqlProblem["at"] | null,
): SqlProblem["at"] {
  const { options, columns } = definition;
  const written = options.find(({ key }) => key === option) ?? columns.find(({ name }) => name.name === column)?.name;
  return written?.at ?? use ?? definition.at;
}
