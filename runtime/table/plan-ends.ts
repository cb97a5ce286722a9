/**
 * Owns: where plans begin and end: scans as streams of their connectors or of the job, sinks as those of their connectors.
 * Does not own: connectors (runtime/tables).
 */
import { assert } from "../../base/index.ts";
import { addOperator } from "../api/engine.ts";
import type { DataStream } from "../api/index.ts";
import { mapOperator } from "../operators/index.ts";
import { type CatalogTable, type PlanNode, type PlanSink, rowTypeOf } from "../sql/index.ts";
import { tableConnector, type TableColumn, type TableDescription } from "../tables/index.ts";
import { subtasksOf } from "./distribution.ts";
import { rowsOf } from "./given-stream.ts";
import { keyedOrigins } from "./keyed-origins.ts";
import type { PlanWorld } from "./plan-world.ts";

type Stream = DataStream<unknown>;
type ScanNode = Extract<PlanNode, { kind: "scan" }>;
type Defined = CatalogTable["definition"]["columns"][number];
type Stored = Exclude<Defined, { kind: "computed" }>;

const isStored = (column: Defined): column is Stored => column.kind !== "computed";

/** Errors: TableError. */
export function scanStream(node: ScanNode, world: PlanWorld): Stream {
  const { table, name, uid, columns } = node;
  if (table.given !== null) return givenStream(node, world);
  const stored = table.definition.columns.filter(isStored);
  const places = columns.map((place) => stored.indexOf(table.definition.columns[place] as Stored));
  const made = tableConnector(descriptionOf(name, table, stored)).source?.(places);
  assert(made !== undefined, "a connector that is only written refuses to be read");
  return world.env.fromSource(made.source, { uid, name }) as Stream;
}

/** The rows of a stream of the job; its watermarks come with it. */
function givenStream({ table, name, uid, row, columns }: ScanNode, { given }: PlanWorld): Stream {
  assert(table.given !== null, "the job gave the table");
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

/** `rows`: of the sink's input. Errors: TableError. */
export function sinkStream({ table, name, uid, input }: PlanSink, rows: Stream): void {
  const names = new Set(table.writable.map((column) => column.name));
  const written = table.definition.columns.filter(isStored).filter((column) => names.has(column.name.name));
  const made = tableConnector(descriptionOf(name, table, written)).sink?.(input.changes);
  assert(made !== undefined, "a connector that is only read refuses to be written");
  const { encoder, recordType, sink, keyColumns } = made;
  const keys = keyColumns?.map((key) => written.findIndex((column) => column.name.name === key)) ?? null;
  const { maker } = rows.parts;
  const origins = keys === null ? rows.parts.origins : keyedOrigins(rows, input.row, keys);
  const single = input.changes === "append" || keys !== null ? {} : subtasksOf(input);
  const options = { uid, name, ...single };
  if (encoder === null) return maker.stream(origins, rows.type).sinkTo(sink, options);
  addOperator({ maker, inputs: [origins], isKeyed: false }, "encoder", encoder, {
    uid: `${uid}:encoder`,
    name: `${name} encoder`,
    type: recordType,
    ...single,
  }).sinkTo(sink, options);
}

function descriptionOf(name: string, table: CatalogTable, columns: readonly Stored[]): TableDescription {
  const { options, primaryKey } = table.definition;
  return {
    name,
    columns: columns.map((column): TableColumn => {
      const { name: own } = column.name;
      const shown = table.schema.columns.find((each) => each.name === own);
      const metadata = column.kind === "metadata" ? (column.key ?? own) : null;
      return { name: own, type: shown?.type ?? column.type, metadata };
    }),
    primaryKey: primaryKey?.columns.map((key) => key.name) ?? [],
    options: Object.fromEntries(options.map(({ key, value }) => [key, value])),
  };
}
