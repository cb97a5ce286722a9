/**
 * Owns: which type of Avro stands for which declared type, and turning values of one into those of the other.
 *
 *   int, long              int32, int64, bigint, float64 (int only); a long also timestamp and date, in milliseconds
 *   float, double          float64
 *   string, enum           string, literal
 *   bytes, fixed           bytes; with the logical type decimal: decimal of the same scale
 *   boolean · array · map · record      boolean · list · map with text as keys · record
 *   union of null and one other         that, nullable or optional
 *
 * AVV1 What does not fit is refused when the job is built, with the path: a schema that another declared type is meant by never passes silently.
 * AVV2 Read: fields that are not declared are left out. Written: each field of the schema is declared, or has a default there; a declared
 *      field that the schema lacks is refused, for it would be lost.
 */
import type { types } from "avsc";
import { describeType, itemOf, keyOf, literalsOf, type Field, type ValueType } from "../../../record/index.ts";
import { optionInvalid } from "../../kit/index.ts";
import type { AvroType } from "./avro-library.ts";

export type Way = "read" | "write";
type Convert = (value: unknown) => unknown;
type Pair = {
  readonly avro: AvroType;
  readonly type: ValueType<unknown>;
  readonly path: string;
  /** A field that may be missing, for which null stands. */
  readonly isOptional?: boolean;
};

const asIs: Convert = (value) => value;

/** Whether longs are to be read as bigints. */
export function hasBigint(type: ValueType<unknown>): boolean {
  if (type.kind === "bigint") return true;
  if (type.kind === "record") return (type.fields as readonly Field[]).some((field) => hasBigint(field.type));
  return (type.kind === "list" || type.kind === "map") && hasBigint(itemOf(type));
}

/** Values of Avro into those of the type (`read`), or back. Errors: OPTION_INVALID (AVV1). */
export function conversionOf(who: string, way: Way, pair: Pair): Convert {
  const { avro, type, path, isOptional } = pair;
  const branches = unionOf(avro);
  const isNull = branches.some(({ typeName }) => typeName === "null");
  const others = branches.filter(({ typeName }) => typeName !== "null");
  const [other] = others;
  if (other === undefined || others.length > 1)
    throw misfit(who, pair, "of a union, only null and one other type can be declared; use recordFormat");
  if (way === "write" && type.nullable && !isNull)
    throw misfit(who, pair, "it may be null, which the schema does not allow");
  const convert = scalarOf(who, way, { ...pair, avro: other }) ?? nestedOf(who, way, { ...pair, avro: other });
  if (avro === other) return type.nullable ? (value) => (value === null ? null : convert(value)) : convert;
  const branch = (other as AvroType & { readonly branchName: string }).branchName;
  if (way === "write") return (value) => (value === null || value === undefined ? null : { [branch]: convert(value) });
  return (value) => {
    if (value !== null) return convert((value as Readonly<Record<string, unknown>>)[branch]);
    if (type.nullable || isOptional === true) return null;
    throw new Error(`the value${path} is null, not ${describeType(type)}`);
  };
}

const unionOf = (avro: AvroType): readonly AvroType[] =>
  avro.typeName.startsWith("union:") ? (avro as types.WrappedUnionType).types : [avro];

/** null: it is none without others in it. */
function scalarOf(who: string, way: Way, pair: Pair): Convert | null {
  const { avro, type } = pair;
  const isLogical = avro.typeName.startsWith("logical:");
  const logical = isLogical ? avro.typeName.slice("logical:".length) : null;
  const plain = isLogical ? (avro as types.LogicalType).underlyingType : avro;
  // Longs that are bigints; those with a logical type stay numbers.
  const isBig = plain.typeName === "abstract:long";
  const name = isBig ? "long" : plain.typeName;
  const asNumber: Convert = isBig ? (way === "read" ? safeNumber : BigIntOf) : asIs;
  const asBigint: Convert = isBig ? asIs : way === "read" ? BigIntOf : Number;
  switch (type.kind) {
    case "int32":
      if (name === "int") return asIs;
      return name === "long" && way === "write" ? asNumber : refuse(who, pair);
    case "int64":
      if (name === "int" && way === "read") return asIs;
      return name === "long" ? asNumber : refuse(who, pair);
    case "bigint":
      return name === "long" || (name === "int" && way === "read") ? asBigint : refuse(who, pair);
    case "float64":
      return ["float", "double"].includes(name) || (name === "int" && way === "read") ? asIs : refuse(who, pair);
    case "timestamp":
    case "date": {
      if (name !== "long" || (logical !== null && logical !== "timestamp-millis"))
        throw misfit(who, pair, `${logical ?? name} is not in milliseconds since 1970`);
      if (type.kind === "timestamp") return asNumber;
      return way === "read"
        ? (value) => new Date(asNumber(value) as number)
        : (value) => asNumber((value as Date).getTime());
    }
    case "decimal":
      return logical === "decimal" ? decimalOf(who, way, pair, plain) : refuse(who, pair);
    case "boolean":
      return name === "boolean" ? asIs : refuse(who, pair);
    case "string":
      return name === "string" || (name === "enum" && way === "read") ? asIs : refuse(who, pair);
    case "literal":
      return literalOf(who, way, pair);
    case "bytes":
      if (name !== "bytes" && name !== "fixed") return refuse(who, pair);
      return way === "read" ? (value) => new Uint8Array(value as Buffer) : (value) => Buffer.from(value as Uint8Array);
    default:
      return null;
  }
}

function nestedOf(who: string, way: Way, pair: Pair): Convert {
  const { avro, type, path } = pair;
  switch (type.kind) {
    case "record":
      return recordOf(who, way, pair);
    case "list": {
      if (avro.typeName !== "array") return refuse(who, pair);
      const item = { avro: (avro as types.ArrayType).itemsType, type: itemOf(type), path: `${path}[]` };
      const convert = conversionOf(who, way, item);
      return (value) => (value as readonly unknown[]).map(convert);
    }
    case "map": {
      if (avro.typeName !== "map" || keyOf(type).kind !== "string") return refuse(who, pair);
      const item = { avro: (avro as types.MapType).valuesType, type: itemOf(type), path: `${path}{}` };
      const convert = conversionOf(who, way, item);
      if (way === "read")
        return (value) => new Map(Object.entries(value as object).map(([key, each]) => [key, convert(each)]));
      return (value) =>
        Object.fromEntries([...(value as Map<string, unknown>)].map(([key, each]) => [key, convert(each)]));
    }
    default:
      throw misfit(who, pair, "declare what the schema says");
  }
}

function recordOf(who: string, way: Way, pair: Pair): Convert {
  const { avro, type, path } = pair;
  if (avro.typeName !== "record") return refuse(who, pair);
  const written = new Map((avro as types.RecordType).fields.map((field) => [field.name, field]));
  const fields = (type.fields as readonly Field[]).flatMap(({ name, type: inner, optional }) => {
    const there = written.get(name);
    const at = { avro: there?.type ?? avro, type: inner, path: `${path}.${name}`, isOptional: optional === true };
    if (there !== undefined) return [{ name, isOptional: optional === true, convert: conversionOf(who, way, at) }];
    if (way === "write") throw misfit(who, at, "the schema has no such field, so it would be lost");
    if (optional === true) return [];
    if (inner.nullable) return [{ name, isOptional: false, convert: () => null }];
    throw misfit(who, at, "the schema has no such field");
  });
  const names = new Set(fields.map(({ name }) => name));
  if (way === "write") {
    for (const [name, field] of written) {
      if (names.has(name) || field.defaultValue() !== undefined) continue;
      throw misfit(who, { ...pair, path: `${path}.${name}` }, "it is not declared, and has no default in the schema");
    }
  }
  return (value) => {
    const from = value as Readonly<Record<string, unknown>>;
    const made: Record<string, unknown> = {};
    for (const { name, isOptional, convert } of fields) {
      const each = from[name];
      if (isOptional && (each === undefined || (way === "read" && each === null))) continue;
      made[name] = convert(each);
    }
    return made;
  };
}

function literalOf(who: string, way: Way, pair: Pair): Convert {
  const { avro, type } = pair;
  const allowed = literalsOf(type);
  const symbols = avro.typeName === "enum" ? new Set((avro as types.EnumType).symbols) : null;
  if (avro.typeName !== "string" && symbols === null) return refuse(who, pair);
  if (allowed.some((each) => typeof each !== "string")) return refuse(who, pair);
  const missing = symbols === null ? undefined : allowed.find((each) => !symbols.has(each as string));
  if (way === "write" && missing !== undefined) throw misfit(who, pair, `the enum has no symbol ${String(missing)}`);
  return asIs; // The source's check of its type tells a value that is none of them.
}

function decimalOf(who: string, way: Way, pair: Pair, plain: AvroType): Convert {
  const { scale } = pair.avro as AvroType & { readonly scale: number };
  if (scale !== pair.type.scale) throw misfit(who, pair, `its scale in the schema is ${scale}`);
  if (way === "read") return (value) => BigInt.asIntN((value as Buffer).length * 8, bigEndian(value as Buffer));
  const size = plain.typeName === "fixed" ? (plain as types.FixedType).size : null;
  return (value) => {
    const number = value as bigint;
    let length = 1;
    while (BigInt.asIntN(length * 8, number) !== number) length++;
    if (size !== null && length > size) throw new RangeError(`${number} does not fit into ${size} bytes`);
    const hex = BigInt.asUintN((size ?? length) * 8, number).toString(16);
    return Buffer.from(hex.padStart((size ?? length) * 2, "0"), "hex");
  };
}

const bigEndian = (bytes: Buffer): bigint => (bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString("hex")}`));
const BigIntOf: Convert = (value) => BigInt(value as number);
const safeNumber: Convert = (value) => {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`${String(value)} is no safe integer; declare it as t.bigint`);
};

function refuse(who: string, pair: Pair): never {
  throw misfit(who, pair, "declare another type, or use recordFormat");
}

function misfit(who: string, { avro, type, path }: Pair, why: string): Error {
  const name = avro.typeName.replace("abstract:", "").replace(/^(union|logical):/, "$1 ");
  return optionInvalid(
    who,
    `the value${path} is declared as ${describeType(type)}, and the schema says ${name}: ${why}`,
  );
}
