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
    return new Uint8Array(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
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
    const json: unknown = JSON.parse(textOf(cursor));
    const projected = project(json);
    if (projected === MISFIT) throw new Error(misfitIn(type as ValueType<unknown>, json));
    return projected as T;
  };
  return { type, read };
}

/** In words; fields that are not declared do not matter, so they are looked at last. */
function misfitIn(type: ValueType<unknown>, json: unknown): string {
  const misfit = findMisfit(type, json);
  return misfit === null
    ? `the value is not ${describeType(type)}`
    : `the value${misfit.path} is ${misfit.found}, not ${misfit.expected}`;
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

const MISFIT = Symbol("misfit");

/** Of objects the declared fields; MISFIT where the value is none of the type. */
function projection(type: ValueType<unknown>, path: string): Projection {
  const project = projectionOf(type, path);
  return type.nullable ? (value) => (value === null ? null : project(value)) : project;
}

function projectionOf(type: ValueType<unknown>, path: string): Projection {
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
    case "list":
      return listProjection(itemOf(type), path);
    case "string":
      return (value) => (typeof value === "string" ? value : MISFIT);
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : MISFIT);
    case "float64":
      return (value) => (typeof value === "number" ? value : MISFIT);
    default: {
      const scalar = { ...type, nullable: false };
      return (value) => (findMisfit(scalar, value) === null ? value : MISFIT);
    }
  }
}

function listProjection(item: ValueType<unknown>, path: string): Projection {
  const project = projection(item, `${path}[]`);
  return (value) => {
    if (!Array.isArray(value)) return MISFIT;
    const projected = value.map(project);
    return projected.includes(MISFIT) ? MISFIT : projected;
  };
}

function recordProjection(fields: readonly Field[], path: string): Projection {
  const inner = fields.map(({ name, type, optional }) => ({
    name,
    isOptional: optional === true,
    isNullable: type.nullable,
    project: projection(type, `${path}.${name}`),
  }));
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return MISFIT;
    const from = value as Readonly<Record<string, unknown>>;
    const projected: Record<string, unknown> = {};
    for (const { name, isOptional, isNullable, project } of inner) {
      // Own ones only: `toString` of an object is no field of JSON.
      if (!Object.hasOwn(from, name)) {
        if (isOptional) continue;
        if (!isNullable) return MISFIT;
        projected[name] = null;
        continue;
      }
      const each = project(from[name]);
      if (each === MISFIT) return MISFIT;
      projected[name] = each;
    }
    return projected;
  };
}
