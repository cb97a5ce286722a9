/** Owns: the connector redis: rows as values of keys. */
import type { Sink } from "../../../ports/index.ts";
import { t } from "../../../record/index.ts";
import type { EncodedRecord, Format, Row } from "../../formats/format.ts";
import type { TableOptions } from "../../options/table-options.ts";
import type { TableColumn } from "../../table-description.ts";
import { scalarText } from "../../values/scalar-text.ts";
import { keyedEncoderOperator } from "../../writing/keyed-encoder.ts";
import { type ConnectorUse, type MakeConnector, requireKey } from "../connector.ts";
import { loadRedis } from "../lazy-rooms.ts";
import { redisFormats } from "./redis-definition.ts";

/** What the sink takes; `value` null: the key is deleted. */
type Outgoing = { readonly key: string; readonly value: EncodedRecord | null };

export const makeRedis: MakeConnector = (use) => ({
  sink: () => {
    const { table, options } = use;
    const keys = requireKey(use, "redis");
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
  const name = options.given("format");
  const format = redisFormats.find((each) => each.name === name) as Format;
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

/** `orders:7:a`. Errors: TableError, for a key with parts. */
function keyText({ table, options }: ConnectorUse, keys: readonly string[]): (row: Row) => string {
  const prefix = options.given("key-prefix");
  const texts = keys.map((name) => {
    const column = table.columns.find((each) => each.name === name) as TableColumn;
    const scalar = scalarText(column.type, "SQL");
    if (scalar === null)
      throw options.refuse(
        "key-prefix",
        `the column ${name} of the key has parts, and so no text`,
        "Take columns without parts as PRIMARY KEY.",
      );
    return { name, format: scalar.format };
  });
  return (row) => prefix + texts.map(({ name, format }) => format(row[name] as never)).join(":");
}

/** Errors: TableError. */
export function serverUrl(options: TableOptions): string {
  const url = URL.parse(options.given("url"));
  if (url === null || !/^rediss?:$/.test(url.protocol))
    throw options.refuse(
      "url",
      "the option 'url' is not the address of a Redis server",
      "Write 'redis://host:6379/0'.",
    );
  if (url.username !== "" || url.password !== "")
    throw options.refuse(
      "url",
      "the option 'url' has a user in it",
      "Give 'username' and 'password' as options of their own.",
    );
  const [user = "", password = ""] = [options.text("username"), options.text("password")].map((each) =>
    encodeURIComponent(each ?? ""),
  );
  const login = user === "" && password === "" ? "" : `${user}:${password}@`;
  return `${url.protocol}//${login}${url.host}${url.pathname}`;
}
