/**
 * Owns: the library that reads and writes Avro's binary form, loaded with the first schema: a job without Avro does not load it.
 *
 * AVL1 Logical types keep the form that they are written in, and are told by their names: what they mean is decided with the declared type.
 * AVL2 It makes code from a schema, once, while the job's module is loaded: schemas are part of the job, as its code is.
 */
import { createRequire } from "node:module";
import type * as Avsc from "avsc";
import { optionInvalid } from "../../kit/index.ts";

export type AvroType = Avsc.Type;
/** A schema as JSON: an object or its text, or the name of a primitive type. */
export type AvroSchema = string | object;

const require = createRequire(import.meta.url);
const LOGICAL = [
  "timestamp-millis",
  "timestamp-micros",
  "timestamp-nanos",
  "date",
  "time-millis",
  "time-micros",
  "decimal",
];

/** `bigints`: longs are bigints, of all 64 bits; else they are numbers, and one that is none is an error. Errors: OPTION_INVALID. */
export function parseSchema(who: string, schema: AvroSchema, bigints: boolean): AvroType {
  const avsc = require("avsc") as typeof Avsc;
  logicalTypes ??= namedTypes(avsc);
  try {
    const json: unknown = typeof schema === "string" && /^\s*[[{"]/.test(schema) ? JSON.parse(schema) : schema;
    return avsc.Type.forSchema(json as Avsc.Schema, {
      wrapUnions: true,
      logicalTypes,
      ...(bigints ? { registry: { long: bigintLong(avsc) } } : {}),
    });
  } catch (error) {
    throw optionInvalid(
      who,
      `the schema is not one of Avro: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

type LogicalTypes = Record<string, new (schema: Avsc.Schema, options?: unknown) => Avsc.types.LogicalType>;

let logicalTypes: LogicalTypes | null = null;

/** AVL1 */
function namedTypes(avsc: typeof Avsc): LogicalTypes {
  class Named extends avsc.types.LogicalType {
    /** Of a decimal. */
    readonly scale: number;
    constructor(said: Avsc.Schema, options?: unknown) {
      super(said, options as never);
      this.scale = (said as { readonly scale?: number }).scale ?? 0;
    }
    override _fromValue(value: unknown): unknown {
      return value;
    }
    override _toValue(value: unknown): unknown {
      return value;
    }
    /** What a value of the writer's is in this one; undefined: it cannot be read. */
    override _resolve(writer: AvroType): ((value: unknown) => unknown) | undefined {
      const isOther = writer instanceof Named && (writer.typeName !== this.typeName || writer.scale !== this.scale);
      const written = writer instanceof Named ? writer.underlyingType : writer;
      return isOther || written.typeName !== this.underlyingType.typeName ? undefined : (value) => value;
    }
  }
  return Object.fromEntries(LOGICAL.map((name) => [name, class extends Named {}]));
}

/** Reads with `type` what was written with `writer`, as far as Avro's rules for a changed schema let it. Errors: OPTION_INVALID. */
export function readerOf(who: string, type: AvroType, writer: AvroType): (bytes: Buffer) => unknown {
  if (type === writer) return (bytes) => type.fromBuffer(bytes);
  try {
    const resolver = type.createResolver(writer);
    return (bytes) => type.fromBuffer(bytes, resolver);
  } catch (error) {
    throw optionInvalid(who, `the schema cannot read what was written with another one: ${String(error)}`);
  }
}

function bigintLong(avsc: typeof Avsc): AvroType {
  return avsc.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value);
      return buffer;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === "bigint",
    compare: (one: bigint, other: bigint) => (one === other ? 0 : one < other ? -1 : 1),
  });
}
