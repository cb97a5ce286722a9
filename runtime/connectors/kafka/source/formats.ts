/**
 * Owns: what a record of Kafka becomes: text, JSON of a declared type, bytes, or whatever a function makes of it.
 *
 * KFO1 A value that does not fit is a poison record: it is told with the reason, and the source's `poison` says what follows.
 * KFO2 What a format returns does not share memory with what was fetched, unless a function of the user's makes it so.
 */
import { describeType, itemOf, findMisfit, type Field, type ValueType, t } from "../../../record/index.ts";
import { optionInvalid } from "../../kit/index.ts";
import type { RecordCursor } from "../wire/batch-reader.ts";
import type { Header } from "../wire/batch-builder.ts";

/** A record as a function of the user's sees it, during the call; what is kept of `key` and `value` has to be copied. */
export type KafkaRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
};

export type KafkaFormat<T> = {
  readonly type: ValueType<T>;
  /** Throws for a poison record. `at`: where it was read. */
  read(cursor: RecordCursor, at: { readonly topic: string; readonly partition: number }): T;
};

const NO_VALUE = "it has no value (a tombstone)";

function textOf(cursor: RecordCursor): string {
  if (cursor.valueStart < 0) throw new Error(NO_VALUE);
  return cursor.bytes.toString("utf8", cursor.valueStart, cursor.valueEnd);
}

/** The value as UTF-8 text; the default. */
export function textFormat(): KafkaFormat<string> {
  return { type: t.string, read: textOf };
}

/** The value as bytes. */
export function bytesFormat(): KafkaFormat<Uint8Array> {
  const read = (cursor: RecordCursor): Uint8Array => {
    if (cursor.valueStart < 0) throw new Error(NO_VALUE);
    return Uint8Array.prototype.slice.call(cursor.bytes, cursor.valueStart, cursor.valueEnd);
  };
  return { type: t.bytes, read };
}

/**
 * The value as JSON of `type`: fields that are not declared are left out, one that is nullable or optional may be missing. Errors: OPTION_INVALID
 * for a type that JSON does not have.
 */
export function jsonFormat<T>(type: ValueType<T>): KafkaFormat<T> {
  const project = projection(type as ValueType<unknown>, "");
  const read = (cursor: RecordCursor): T => {
    const projected = project(JSON.parse(textOf(cursor)));
    const misfit = findMisfit(type as ValueType<unknown>, projected);
    if (misfit === null) return projected as T;
    throw new Error(`the value${misfit.path} is ${misfit.found}, not ${misfit.expected}`);
  };
  return { type, read };
}

/** Whatever `read` makes of a record, of type `type`; what it throws makes it a poison record. */
export function recordFormat<T>(type: ValueType<T>, read: (record: KafkaRecord) => T): KafkaFormat<T> {
  return {
    type,
    read: (cursor, { topic, partition }) =>
      read({
        topic,
        partition,
        offset: cursor.offset,
        timestamp: cursor.timestamp,
        key: cursor.key(),
        value: cursor.value(),
        get headers() {
          return cursor.headers();
        },
      }),
  };
}

type Projection = (value: unknown) => unknown;

const same: Projection = (value) => value;

/** Of objects the declared fields; all else is left to the check. */
function projection(type: ValueType<unknown>, path: string): Projection {
  switch (type.kind) {
    case "bigint":
    case "bytes":
    case "date":
    case "decimal":
    case "map":
      throw optionInvalid(
        "jsonFormat",
        `the type${path} is ${describeType(type)}, which JSON does not have; use recordFormat to make it`,
      );
    case "record":
      return recordProjection(type.fields as readonly Field[], path);
    case "list": {
      const item = projection(itemOf(type), `${path}[]`);
      return item === same ? same : (value) => (Array.isArray(value) ? value.map(item) : value);
    }
    default:
      return same;
  }
}

function recordProjection(fields: readonly Field[], path: string): Projection {
  const inner = fields.map(({ name, type }) => projection(type, `${path}.${name}`));
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const from = value as Readonly<Record<string, unknown>>;
    const projected: Record<string, unknown> = {};
    for (let index = 0; index < fields.length; index++) {
      const { name, type } = fields[index] as Field;
      const each = from[name];
      if (each !== undefined) projected[name] = (inner[index] as Projection)(each);
      else if (type.nullable && fields[index]?.optional !== true) projected[name] = null;
    }
    return projected;
  };
}
