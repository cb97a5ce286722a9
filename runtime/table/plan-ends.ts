/**
 * Owns: where plans begin and end: scans as streams of their connectors or of the job, sinks as those of their connectors.
 * Does not own: connectors (runtime/tables).
 */
import { assert } from "../../base/index.ts";
import { addOperator } from "../api/engine.ts";
import type { DataStream } from "../api/index.ts";
import { mapOperator } from "../operators/index.ts";
import { type CatalogTable, type PlanNode, type PlanRow, type PlanSink, rowTypeOf } from "../sql/index.ts";
import { tableConnector, type TableColumn, type TableDescription } from "../tables/index.ts";
import { rowsOf } from "./given-stream.ts";
import { keyedOrigins } from "./keyed-origins.ts";
import type { PlanWorld } from "./plan-world.ts";

type Stream = DataStream<unknown>;
type ScanNode = Extract<PlanNode, { kind: "scan" }>;
type Stored = CatalogTable["definition"]["columns"][number] & { readonly kind: "physical" | "metadata" };

/** Errors: TableError. */
export function scanStream(node: ScanNode, world: PlanWorld): Stream {
  const { table, name, uid, row } = node;
  if (table.given !== null) return givenStream(node, world);
  const stored = table.definition.columns.map((column) => column as Stored);
  const connector = tableConnector(describe(name, table, node.columns.map((place) => stored[place] as Stored)));
  const source = connector.source?.();
  assert(source !== undefined, `the connector of table ${name} reads`);
  return world.env.fromSource(source.source, { uid, name }) as Stream;
}

function givenStream({ table, name, uid, row, columns }: ScanNode, { given }: PlanWorld): Stream {
  assert(table.given !== null, "a table that the job gave");
  const stream = given.get(table.given.name);
  assert(stream !== undefined, `the stream of table ${table.given.name} is there`);
  const convert = rowsOf(table.given, stream.type, columns);
  if (convert === null) return stream;
  const { maker, origins } = stream.parts;
  return addOperator({ maker, inputs: [origins], isKeyed: false }, "table", mapOperator(convert), {
    uid,
    name,
    type: rowTypeOf(row),
  });
}
