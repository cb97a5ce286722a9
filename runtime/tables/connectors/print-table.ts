/** Owns: the connectors print and blackhole. */
import { printSink } from "../../connectors/basic/index.ts";
import { t } from "../../record/index.ts";
import { rowTypeOf } from "../../sql/index.ts";
import type { TableSink } from "../table-description.ts";
import { rowText } from "../values/row-text.ts";
import { encoderOperator } from "../writing/encoder-operator.ts";
import type { ConnectorDefinition, MakeConnector } from "./connector.ts";
import { parallelismRow } from "./option-rows.ts";

export const printDefinition: ConnectorDefinition = {
  name: "print",
  example: `CREATE TABLE results (word STRING, total BIGINT) WITH ('connector' = 'print')`,
  meaning:
    "Writes rows to the standard output of the TaskManagers, with their kinds, as Flink does: `+I[1, a]`. At least once: after a restart some again.",
  isRead: false,
  isWritten: true,
  rows: [
    {
      name: "print-identifier",
      kind: "text",
      meaning: "stands in front of each row, with the number of the subtask where there are several",
    },
    {
      name: "standard-error",
      kind: "boolean",
      default: "false",
      meaning: "",
      instead: "Rows go to the standard output; redirect that.",
    },
    parallelismRow("sink"),
  ],
  slots: [],
  metadata: {},
};

export const makePrint: MakeConnector = ({ table, options }) => ({
  sink: (): TableSink => {
    const prefix = options.text("print-identifier");
    return {
      encoder: encoderOperator(table, () => rowText(table.columns)),
      recordType: t.string,
      sink: printSink<unknown>({ name: table.name, ...(prefix === undefined ? {} : { prefix }) }),
      keyColumns: null,
    };
  },
});

export const blackholeDefinition: ConnectorDefinition = {
  name: "blackhole",
  example: `CREATE TABLE results (word STRING, total BIGINT) WITH ('connector' = 'blackhole')`,
  meaning: "Takes rows and throws them away: for measuring.",
  isRead: false,
  isWritten: true,
  rows: [parallelismRow("sink")],
  slots: [],
  metadata: {},
};

export const makeBlackhole: MakeConnector = ({ table }) => ({
  sink: (): TableSink => ({
    encoder: null,
    recordType: rowTypeOf(table.columns),
    sink: {
      kind: "sink",
      name: table.name,
      guarantee: "at-least-once",
      takesBatches: true,
      createWriter: () => ({ write: () => undefined, writeBatch: () => undefined }),
    },
    keyColumns: null,
  }),
});
