/**
 * Owns: where plans begin and end: scans as streams of their connectors or of the job, sinks as those of their connectors.
 * Does not own: connectors (runtime/tables).
 */
import { assert } from "../../base/index.ts";
import { addOperator } from "../api/engine.ts";
import type { DataStream } from "../api/index.ts";
import { keyOfSink, type PlanNode, type PlanSink, rowTypeOf } from "../sql/index.ts";
import { tableConnector } from "../tables/index.ts";
import { subtasksOf } from "./distribution.ts";
import { withFinalWatermark } from "./final-watermark.ts";
import { givenRowsOperator } from "./given-rows.ts";
import { columnsOf, rowsOf } from "./given-stream.ts";
import { descriptionOf, sourceOfScan } from "./table-descriptions.ts";
import type { PlanWorld } from "./plan-world.ts";
import { rowsByTableKey } from "./sink-rows.ts";

type Stream = DataStream<unknown>;
type ScanNode = Extract<PlanNode, { kind: "scan" }>;

/** Errors: TableError. */
export function scanStream(node: ScanNode, world: PlanWorld): Stream {
  const { table, name, uid } = node;
  if (table.given !== null) return givenStream(node, world);
  const description = descriptionOf(name, table, "isRead");
  const made = sourceOfScan(node, tableConnector(description));
  assert(made !== undefined, "a connector that is only written refuses to be read");
  return world.env.fromSource(made.source, { uid, name }) as Stream;
}

/** The rows of a stream of the job; its watermarks come with it. */
function givenStream({ table, name, uid, row, columns }: ScanNode, { given, mode }: PlanWorld): Stream {
  assert(table.given !== null, "the job gave the table");
  const found = given.get(table.given.name);
  assert(found !== undefined, `the stream of table ${table.given.name} is there`);
  const isTimed = table.given.rowtime !== null;
  const stream = mode === "batch" && isTimed ? withFinalWatermark(found, uid) : found;
  const convert = rowsOf(table.given, stream.type, columns);
  if (convert === null) return stream;
  const { maker, origins } = stream.parts;
  const type = rowTypeOf(row);
  return addOperator(
    { maker, inputs: [origins], isKeyed: false },
    "table",
    givenRowsOperator(columnsOf(table.given, stream.type, columns), convert, type),
    { uid, name, type },
  );
}

/** `rows`: of the sink's input. Errors: TableError. */
export function sinkStream(planned: PlanSink, rows: Stream): void {
  const { table, name, uid, input, overwrites } = planned;
  const description = descriptionOf(name, table, "isWritten");
  const connector = tableConnector(description);
  const made = overwrites === true ? connector.overwritingSink?.(input.changes) : connector.sink?.(input.changes);
  assert(made !== undefined, "a connector that is only read, or only appends, refuses to be written, or overwritten");
  const { encoder, recordType, sink, keyColumns } = made;
  const keys = keyColumns?.map((key) => description.columns.findIndex((column) => column.name === key)) ?? null;
  // TSKR4
  const known = keyOfSink(table);
  assert(
    input.changes === "append" || known?.join() === keys?.join(),
    `plans know by which key the table ${name} is written`,
  );
  const { maker } = rows.parts;
  const origins = keys === null ? rows.parts.origins : rowsByTableKey(planned, rows, keys);
  const isSpread = input.changes === "append" || keys !== null;
  const single = overwrites === true ? { parallelism: 1 } : isSpread ? {} : subtasksOf(input);
  const options = { uid, name, ...single };
  if (encoder === null) return maker.stream(origins, rows.type).sinkTo(sink, options);
  addOperator({ maker, inputs: [origins], isKeyed: false }, "encoder", encoder, {
    uid: `${uid}:encoder`,
    name: `${name} encoder`,
    type: recordType,
    ...single,
  }).sinkTo(sink, options);
}
