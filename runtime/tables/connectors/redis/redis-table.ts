/** Owns: the connector redis: rows as values of keys. */
import type { Sink } from "../../../ports/index.ts";
import { t } from "../../../record/index.ts";
import type { EncodedRecord, Row } from "../../formats/format.ts";
import { keyedEncoderOperator } from "../../writing/keyed-encoder.ts";
import { type ConnectorUse, type MakeConnector, requireKey } from "../connector.ts";
import { loadRedis } from "../lazy-rooms.ts";
import { askedRedis } from "./redis-asked.ts";
import { formatOf, keyText } from "./redis-values.ts";
import { serverUrl } from "./redis-server.ts";

/** What the sink takes; `value` null: the key is deleted. */
type Outgoing = { readonly key: string; readonly value: EncodedRecord | null };

export const makeRedis: MakeConnector = (use) => ({
  lookup: (lookup) => askedRedis(use, lookup),
  sink: () => {
    const { table, options } = use;
    const keys = requireKey(use, "redis");
    if (options.given("data-type") === "hash")
      throw options.refuse(
        "data-type",
        "a hash is only looked up",
        "Write one value: take 'data-type' out, and add 'format' = 'json'.",
      );
    const keyOf = keyText(use, keys);
    const encode = valueEncoder(use, keys);
    const ttl = options.milliseconds("sink.ttl");
    const sink = loadRedis().redisSink<Outgoing>({
      name: table.name,
      server: serverUrl(options),
      batchSize: Math.max(1, options.number("sink.buffer-flush.max-rows") ?? 1),
      key: ({ key }) => key,
      value: ({ value }) => value,
      ...(ttl === undefined ? {} : { ttl }),
    });
    const encodeLast = (row: Row, isDeleted: boolean): Outgoing => ({
      key: keyOf(row),
      value: isDeleted ? null : encode(row),
    });
    return {
      encoder: keyedEncoderOperator(table, () => encodeLast),
      recordType: t.any,
      sink: sink as Sink<unknown>,
      keyColumns: keys,
    };
  },
});

function valueEncoder(use: ConnectorUse, keys: readonly string[]): (row: Row) => EncodedRecord {
  const { table, options } = use;
  const format = formatOf(options);
  const { name } = format;
  const columns = table.columns.filter((column) => !keys.includes(column.name));
  if (columns.length === 0)
    throw options.refuse(
      "format",
      "all columns of the table are in its key, so that a value would be empty",
      "Add a column that is not in the PRIMARY KEY.",
    );
  const encode = format.encoder?.({ options, prefix: `${name}.`, columns, read: [] });
  if (encode === undefined)
    throw options.refuse("format", `the format ${name} is only read`, "Choose json, csv or raw.");
  return encode;
}
