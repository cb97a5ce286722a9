/** Owns: what the connector redis says of itself. */
import { csvFormat } from "../../formats/csv-format.ts";
import type { Format } from "../../formats/format.ts";
import { jsonFormat } from "../../formats/json-format.ts";
import { rawFormat } from "../../formats/raw-format.ts";
import type { ConnectorDefinition } from "../connector.ts";
import { lookupRows } from "../lookup-options.ts";
import { formatRow, parallelismRow } from "../option-rows.ts";

export const redisFormats: readonly Format[] = [jsonFormat, csvFormat, rawFormat];

export const redisDefinition: ConnectorDefinition = {
  name: "redis",
  example: `CREATE TABLE totals (
  user_name STRING,
  total DECIMAL(10, 2),
  PRIMARY KEY (user_name) NOT ENFORCED
) WITH (
  'connector' = 'redis',
  'url' = 'redis://localhost:6379/0',
  'format' = 'json',
  'key-prefix' = 'totals:',
  'sink.ttl' = '1 d'
)`,
  meaning:
    "One row of each key, in Redis. The key is `key-prefix` and the values of the PRIMARY KEY, with `:` between them, or what `key-template` says; the value has the columns that are not in the key: written as `format` says, or each a field of a hash. Written is the last row of each key, at least once; a row that is gone is deleted. A lookup join compares the whole key in ON.",
  isRead: false,
  isWritten: true,
  isLookedUp: true,
  rows: [
    { name: "url", kind: "text", isRequired: true, meaning: "`redis://host:6379/0`, `rediss://…` with TLS" },
    { name: "username", kind: "text", meaning: "whom the server knows" },
    { name: "password", kind: "text", meaning: "that user's" },
    {
      name: "data-type",
      kind: ["string", "hash"],
      default: "string",
      meaning:
        "`string`: one value, of `format`; `hash`: each column that is not in the key is the field of its name, as text. A hash is only looked up",
    },
    {
      ...formatRow("format", redisFormats, false),
      meaning: "of values; with `string` it is required: one of `json`, `csv`, `raw`",
    },
    { name: "key-prefix", kind: "text", default: "", meaning: "what keys begin with, such as `orders:`" },
    {
      name: "key-template",
      kind: "text",
      meaning: "the whole key instead, with `${column}` for each column of the PRIMARY KEY, as in `user:${id}:profile`",
    },
    ...lookupRows,
    { name: "sink.ttl", kind: "duration", meaning: "how long a value stays; otherwise for ever" },
    {
      name: "sink.buffer-flush.max-rows",
      kind: "whole number",
      default: "500",
      meaning: "commands that go out together",
    },
    parallelismRow("sink"),
  ],
  slots: [{ prefix: "", formats: redisFormats }],
  metadata: {},
};
