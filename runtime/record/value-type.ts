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
  /** Of a list: its items; of a map: its values. */
  readonly item?: ValueType<unknown>;
  /** Of a map: its keys. */
  readonly key?: ValueType<unknown>;
  /** Of a literal: its values. */
  readonly literals?: readonly Literal[];
  /** Of a decimal: the digits after the point. */
  readonly scale?: number;
  /** Phantom: carries `T` for inference, never set. */
  readonly example?: T;
}

/** `optional`: a record may lack the field. */
export type Field = { readonly name: string; readonly type: ValueType<unknown>; readonly optional?: true };

/** All kinds, by the numbers that they have in blocks: only ever append. */
export const TYPE_KINDS = [
  "string",
  "int32",
  "int64",
  "bigint",
  "float64",
  "boolean",
  "timestamp",
  "bytes",
  "any",
  "record",
  "list",
  "map",
  "literal",
  "decimal",
  "date",
] as const;

/**
 * string: any string · int32 · int64: a safe integer as `number` · bigint: 64-bit as `bigint` · float64 · boolean
 * timestamp: epoch milliseconds as `number` · bytes: Uint8Array · any: plain data (plain-value.ts) · record: a plain object
 * list: an array without holes · map: a Map · literal: one of a few strings, numbers, booleans
 * decimal: the unscaled `bigint` of any size · date: a Date.
 */
export type TypeKind = (typeof TYPE_KINDS)[number];

/** The TypeScript type of the values of a ValueType. */
export type ValueOf<V> = V extends ValueType<infer T> ? T : never;

/** What `t.literal` takes. */
export type Literal = string | number | boolean;

/** A field that a record may lack; made by `t.optional`, only for fields of `t.record`. */
export interface OptionalField<T> {
  readonly kind: "optional";
  readonly type: ValueType<T>;
}

type RecordShape = Readonly<Record<string, ValueType<unknown> | OptionalField<unknown>>>;
type OptionalNames<S> = { [K in keyof S]: S[K] extends OptionalField<unknown> ? K : never }[keyof S];
type OptionalPart<S> = {
  [K in OptionalNames<S>]?: S[K] extends OptionalField<infer T> ? T | undefined : never;
};
type RequiredPart<S> = { [K in Exclude<keyof S, OptionalNames<S>>]: ValueOf<S[K]> };
type Flat<R> = { [K in keyof R]: R[K] };
/** The TypeScript type of the records of `t.record(shape)`. */
export type RecordOf<S extends RecordShape> = [OptionalNames<S>] extends [never]
  ? RequiredPart<S>
  : Flat<RequiredPart<S> & OptionalPart<S>>;

const SCALE_MAX = 100;
const LITERALS_MAX = 1000;
/** Kinds whose values a Map finds again by their content. */
const KINDS_OF_MAP_KEYS: readonly TypeKind[] = [
  "string",
  "int32",
  "int64",
  "bigint",
  "float64",
  "boolean",
  "timestamp",
  "literal",
  "decimal",
];

function scalar<T>(kind: TypeKind): ValueType<T> {
  return { kind, nullable: false, fields: undefined };
}

function record<S extends RecordShape>(shape: S): ValueType<RecordOf<S>> {
  const fields = Object.entries(shape).map(
    ([name, type]): Field => (type.kind === "optional" ? { name, type: type.type, optional: true } : { name, type }),
  );
  if (fields.length > 255) throw invalid(`t.record has ${fields.length} fields; at most 255 fit, nest the others`);
  for (const { name } of fields) {
    if (name.length > 63) throw invalid(`t.record: the field name "${name}" is longer than 63 characters`);
    if (name === "__proto__" || name === "constructor" || name === "prototype")
      throw invalid(`t.record: a field cannot be called "${name}"; choose another name`);
  }
  return { kind: "record", nullable: false, fields };
}

/** Of an entry of a map that is kept as a list of its entries. */
export function entryType<K, V>(
  key: ValueType<K>,
  value: ValueType<V>,
): ValueType<{ readonly key: K; readonly value: V }> {
  return record({ key, value }) as ValueType<unknown> as ValueType<{ readonly key: K; readonly value: V }>;
}

function map<K extends Literal | bigint, V>(key: ValueType<K>, value: ValueType<V>): ValueType<ReadonlyMap<K, V>> {
  if (key.nullable || !KINDS_OF_MAP_KEYS.includes(key.kind)) {
    throw invalid(
      `t.map: keys of type ${describeType(key)} are not found again by their content; use one of ${KINDS_OF_MAP_KEYS.join(", ")}`,
    );
  }
  return { kind: "map", nullable: false, fields: undefined, key, item: value };
}

function literal<const V extends readonly Literal[]>(...values: V): ValueType<V[number]> {
  if (values.length === 0 || values.length > LITERALS_MAX)
    throw invalid(`t.literal has ${values.length} values; it takes 1 to ${LITERALS_MAX}`);
  for (const value of values) {
    const isNumber = typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0);
    if (!isNumber && typeof value !== "string" && typeof value !== "boolean")
      throw invalid(`t.literal takes strings, finite numbers and booleans, not ${String(value)}`);
  }
  if (new Set(values).size < values.length) throw invalid(`t.literal(${values.join(", ")}) has one value twice`);
  return { kind: "literal", nullable: false, fields: undefined, literals: values };
}

function decimal(scale: number): ValueType<bigint> {
  if (!Number.isInteger(scale) || scale < 0 || scale > SCALE_MAX)
    throw invalid(`t.decimal(${scale}): the digits after the point are a whole number from 0 to ${SCALE_MAX}`);
  return { kind: "decimal", nullable: false, fields: undefined, scale };
}

/** The vocabulary of declared types: `t.record({ word: t.string, count: t.int64 })`. */
export const t = {
  string: scalar<string>("string"),
  /** -2^31 … 2^31-1 as `number`. */
  int32: scalar<number>("int32"),
  /** A safe integer (|n| ≤ 2^53-1) as `number`; use `bigint` for the full 64 bits. */
  int64: scalar<number>("int64"),
  /** 64 bits. */
  bigint: scalar<bigint>("bigint"),
  float64: scalar<number>("float64"),
  boolean: scalar<boolean>("boolean"),
  /** Milliseconds since 1970-01-01 UTC as `number`. */
  timestamp: scalar<number>("timestamp"),
  /** A `Date`, also an invalid one. As a key, and for arithmetic, `timestamp` is better. */
  date: scalar<Date>("date"),
  /**
   * An exact decimal number as the `bigint` of its smallest unit: with `t.decimal(2)` 12.34 is `1234n`. Of any size. Two scales are two
   * types: a changed scale is refused on restore instead of read as other amounts. `scale`: 0 to 100.
   */
  decimal,
  bytes: scalar<Uint8Array>("bytes"),
  /** One of these values: `t.literal("open", "paid", "sent")`. More can be added later. */
  literal,
  /** An array, without holes. Read only, as everything that was emitted. */
  list: <T>(item: ValueType<T>): ValueType<readonly T[]> => ({
    kind: "list",
    nullable: false,
    fields: undefined,
    item,
  }),
  /** A `Map` (its order counts); keys are scalars. For state by key and entry use map state, which does not copy the whole. */
  map,
  record,
  /** A field that a record may lack: `t.record({ id: t.string, note: t.optional(t.string) })`. `undefined` stays `undefined`. */
  optional: <T>(type: ValueType<T>): OptionalField<T> => ({ kind: "optional", type }),
  /** The same type with `null` as a further value. */
  nullable: <T>(type: ValueType<T>): ValueType<T | null> => ({ ...type, nullable: true }) as ValueType<T | null>,
  /** Plain data of any form; slower than a declared type, and known to TypeScript as `unknown`. */
  any: scalar<unknown>("any"),
  /** `t.any` whose values TypeScript takes for `T`; nothing checks that they are. */
  anyOf: <T>(): ValueType<T> => t.any as ValueType<T>,
} as const;

/** In words, for messages, checkpoints' declarations and `explain`: `record<word: string, count: int64 | null>`. */
export function describeType(type: ValueType<unknown>): string {
  const base = describeBase(type);
  return type.nullable ? `${base} | null` : base;
}

function describeBase(type: ValueType<unknown>): string {
  switch (type.kind) {
    case "record":
      return `record<${(type.fields ?? []).map(describeField).join(", ")}>`;
    case "list":
      return `list<${describeType(itemOf(type))}>`;
    case "map":
      return `map<${describeType(keyOf(type))}, ${describeType(itemOf(type))}>`;
    case "literal":
      return `literal<${literalsOf(type).map(describeLiteral).join(", ")}>`;
    case "decimal":
      return `decimal<${type.scale}>`;
    default:
      return type.kind;
  }
}

function describeField({ name, type, optional }: Field): string {
  return `${name}: ${optional === true ? `optional<${describeType(type)}>` : describeType(type)}`;
}

/** JSON, without what gives a described type its structure, so that it can be read back (graph/type-text.ts). */
function describeLiteral(value: Literal): string {
  return JSON.stringify(value).replace(
    /[<>,|]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Of a list: its items; of a map: its values. */
export function itemOf(type: ValueType<unknown>): ValueType<unknown> {
  return type.item ?? t.any;
}

/** Of a map. */
export function keyOf(type: ValueType<unknown>): ValueType<unknown> {
  return type.key ?? t.any;
}

export function literalsOf(type: ValueType<unknown>): readonly Literal[] {
  return type.literals ?? [];
}

/** Two types that encode to the same columns. */
export function sameType(left: ValueType<unknown>, right: ValueType<unknown>): boolean {
  return describeType(left) === describeType(right);
}

function invalid(message: string): StreamError {
  return new StreamError("OPTION_INVALID", message, { destiny: "terminal" });
}
