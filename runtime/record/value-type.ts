/**
 * Owns: the declared types of records, keys and state values, and the `t` vocabulary users write them with.
 * Not here: how they are encoded (column.ts, batch-codec.ts).
 *
 * VT1 A type describes plain values; encoding and decoding a value that fits gives an equal value.
 * VT2 An undeclared type is `any`: it works for plain data (PLV1), exactly.
 */
import { StreamError } from "../../base/index.ts";

/** A column's or value's type at run time. `T` is the TypeScript type of the values. */
export interface ValueType<T> {
  readonly kind: TypeKind;
  /** True when `null` is a value too. */
  readonly nullable: boolean;
  /** The columns of a record type in declared order; undefined for the others. */
  readonly fields: readonly Field[] | undefined;
  /** Phantom: carries `T` for inference, never set. */
  readonly example?: T;
}

export type Field = { readonly name: string; readonly type: ValueType<unknown> };

/**
 * string: any string · int32 · int64: a safe integer as `number` · bigint: 64-bit as `bigint` · float64 · boolean
 * timestamp: epoch milliseconds as `number` · bytes: Uint8Array · any: plain data (plain-value.ts) · record: a plain object.
 */
export type TypeKind =
  | "string"
  | "int32"
  | "int64"
  | "bigint"
  | "float64"
  | "boolean"
  | "timestamp"
  | "bytes"
  | "any"
  | "record";

/** The TypeScript type of the values of a ValueType. */
export type ValueOf<V> = V extends ValueType<infer T> ? T : never;

type RecordShape = Readonly<Record<string, ValueType<unknown>>>;
type RecordOf<S extends RecordShape> = { [K in keyof S]: ValueOf<S[K]> };

function scalar<T>(kind: TypeKind): ValueType<T> {
  return { kind, nullable: false, fields: undefined };
}

function record<S extends RecordShape>(shape: S): ValueType<RecordOf<S>> {
  const fields = Object.entries(shape).map(([name, type]) => ({ name, type }));
  if (fields.length > 255) {
    throw new StreamError("OPTION_INVALID", `t.record has ${fields.length} fields; at most 255 fit, nest the others`, {
      destiny: "terminal",
    });
  }
  for (const { name } of fields) {
    if (name.length > 63) {
      throw new StreamError("OPTION_INVALID", `t.record: the field name "${name}" is longer than 63 characters`, {
        destiny: "terminal",
      });
    }
    if (name === "__proto__" || name === "constructor" || name === "prototype") {
      throw new StreamError("OPTION_INVALID", `t.record: a field cannot be called "${name}"; choose another name`, {
        destiny: "terminal",
      });
    }
  }
  return { kind: "record", nullable: false, fields };
}

/** The vocabulary of declared types: `t.record({ word: t.string, count: t.int64 })`. */
export const t = {
  string: scalar<string>("string"),
  /** -2^31 … 2^31-1 as `number`. */
  int32: scalar<number>("int32"),
  /** A safe integer (|n| ≤ 2^53-1) as `number`; use `bigint` for the full 64 bits. */
  int64: scalar<number>("int64"),
  bigint: scalar<bigint>("bigint"),
  float64: scalar<number>("float64"),
  boolean: scalar<boolean>("boolean"),
  /** Milliseconds since 1970-01-01 UTC as `number`. */
  timestamp: scalar<number>("timestamp"),
  bytes: scalar<Uint8Array>("bytes"),
  /** Anything the generic codec holds; slower than a declared type. */
  any: <T = unknown>(): ValueType<T> => scalar<T>("any"),
  record,
  /** The same type with `null` as a further value. */
  nullable: <T>(type: ValueType<T>): ValueType<T | null> => ({ ...type, nullable: true }) as ValueType<T | null>,
} as const;

/** In words, for messages: `record<word: string, count: int64 | null>`. */
export function describeType(type: ValueType<unknown>): string {
  const base =
    type.fields === undefined
      ? type.kind
      : `record<${type.fields.map((field) => `${field.name}: ${describeType(field.type)}`).join(", ")}>`;
  return type.nullable ? `${base} | null` : base;
}

/** Two types that encode to the same columns. */
export function sameType(left: ValueType<unknown>, right: ValueType<unknown>): boolean {
  return describeType(left) === describeType(right);
}
