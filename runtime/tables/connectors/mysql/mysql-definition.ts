/** Owns: what the connector mysql says of itself. */
import type { OptionRow } from "../../options/option-row.ts";
import type { ConnectorDefinition } from "../connector.ts";
import { lookupRows } from "../lookup-options.ts";
import { parallelismRow } from "../option-rows.ts";

const CLIENT = "Take it out: connections are opened again by themselves.";

const rows: readonly OptionRow[] = [
  { name: "url", kind: "text", isRequired: true, meaning: "`mysql://host:3306/database`, or `jdbc:mysql://…`" },
  { name: "table-name", kind: "text", isRequired: true, meaning: "`table` or `database.table`; it has to be there" },
  { name: "username", kind: "text", isRequired: true, meaning: "whom the server knows" },
  { name: "password", kind: "text", default: "", meaning: "that user's" },
  {
    name: "sink.delivery-guarantee",
    kind: ["exactly-once", "at-least-once"],
    default: "exactly-once",
    meaning:
      "`exactly-once`: rows appear when their checkpoint is complete; `at-least-once`: as they come, into a table with a key",
  },
  {
    name: "sink.exactly-once.mode",
    kind: ["ledger", "xa"],
    default: "ledger",
    meaning:
      "`ledger`: the rows since the last checkpoint are kept in the next one; `xa`: in a transaction of the server's, for many rows",
  },
  { name: "sink.buffer-flush.max-rows", kind: "whole number", default: "1000", meaning: "rows of one statement" },
  {
    name: "sink.buffer-flush.interval",
    kind: "duration",
    meaning: "",
    instead: "Take it out: rows are written with each checkpoint at the latest.",
  },
  { name: "sink.max-retries", kind: "whole number", meaning: "", instead: CLIENT },
  { name: "connection.max-retry-timeout", kind: "duration", meaning: "", instead: CLIENT },
  { name: "driver", kind: "text", meaning: "", instead: "Take it out: there is no Java here." },
  {
    name: "scan.partition.column",
    kind: "text",
    meaning:
      "a column of numbers by which the table is cut into parts, so that several subtasks read it; otherwise one reads it",
  },
  { name: "scan.partition.num", kind: "whole number", meaning: "how many parts" },
  { name: "scan.partition.lower-bound", kind: "whole number", meaning: "the least value that is read" },
  { name: "scan.partition.upper-bound", kind: "whole number", meaning: "the greatest value that is read" },
  {
    name: "scan.fetch-size",
    kind: "whole number",
    default: "1000",
    meaning: "rows that wait in the memory of a subtask; the server waits with the others",
  },
  { name: "scan.auto-commit", kind: "boolean", meaning: "", instead: "Take it out: each part is one statement." },
  ...lookupRows,
  {
    name: "lookup.connections",
    kind: "whole number",
    default: "4",
    meaning:
      "connections of each subtask, each with one statement at a time; the keys that are asked for at a time wait for them",
  },
  parallelismRow("sink"),
];

export const mysqlDefinition: ConnectorDefinition = {
  name: "mysql",
  example: `CREATE TABLE totals (
  user_name STRING,
  total DECIMAL(10, 2),
  PRIMARY KEY (user_name) NOT ENFORCED
) WITH (
  'connector' = 'mysql',
  'url' = 'mysql://localhost:3306/shop',
  'table-name' = 'totals',
  'username' = 'me',
  'password' = 'secret'
)`,
  meaning:
    "A table of MySQL or MariaDB. Written exactly once: with a PRIMARY KEY the last row of each key is kept, and one that is gone is deleted; without one rows are appended. Read as it is at the start, to its end: a job that is restored in the middle goes on behind the last row by the PRIMARY KEY; without one it counts, which is exact as long as the table does not change. A column of the PRIMARY KEY that is ENUM or SET in the database is refused where the table is read: declare it without the key. Only the columns that a query needs leave the database, and of conditions on whole numbers, on a text that is equal to one, and on NULL only the rows that fulfil them. Looked up by the columns that ON compares: have an index on them.",
  isRead: true,
  isWritten: true,
  isLookedUp: true,
  rows,
  slots: [],
  metadata: {},
};
