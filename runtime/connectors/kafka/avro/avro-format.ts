/**
 * Owns: Avro as a format of the source, and as what the sink writes.
 * Not here: which types fit a schema (avro-values.ts).
 *
 * AVF1 `schemas` are for topics whose records begin with a schema's id, as Confluent's serializers write them: a zero byte, and the id in four
 *      bytes. What was written with another schema is read by Avro's rules for changed schemas. An id that is not given makes a poison record:
 *      the job asks no registry.
 */
import type { ValueType } from "../../../record/index.ts";
import { optionInvalid } from "../../kit/index.ts";
import type { KafkaFormat } from "../source/formats.ts";
import { type AvroSchema, parseSchema, readerOf } from "./avro-library.ts";
import { conversionOf, hasBigint } from "./avro-values.ts";

export type AvroFormatOptions = {
  /** That of the declared type; JSON, as an object or its text. */
  readonly schema: AvroSchema;
  /** By id: schemas that records are written with. Absent: records have no id, and are all written with `schema`. */
  readonly schemas?: Readonly<Record<number, AvroSchema>>;
};

export type AvroValueOptions = {
  /** JSON, as an object or its text. */
  readonly schema: AvroSchema;
  /** Its id in the registry, which each record then begins with. Absent: records have no id. */
  readonly schemaId?: number;
};

const MAGIC = 0;
const HEADER_BYTES = 5;
const ID_MAX = 0x7fff_ffff;

/** Values in Avro's binary form. Errors: OPTION_INVALID: a schema that is none, or that does not fit the type. */
export function avroFormat<T>(type: ValueType<T>, options: AvroFormatOptions): KafkaFormat<T> {
  const read = avroReader(type, options);
  return {
    type,
    read: (cursor) => {
      if (cursor.valueStart < 0) throw new Error("it has no value (a tombstone)");
      return read(cursor.bytes.subarray(cursor.valueStart, cursor.valueEnd));
    },
  };
}

/** The same for bytes of any origin, such as a record's key. Errors: OPTION_INVALID, as of avroFormat; what it returns throws for bytes that it cannot read. */
export function avroReader<T>(type: ValueType<T>, { schema, schemas }: AvroFormatOptions): (bytes: Buffer) => T {
  const who = "avroFormat";
  const declared = type as ValueType<unknown>;
  const bigints = hasBigint(declared);
  const avro = parseSchema(who, schema, bigints);
  const convert = conversionOf(who, "read", { avro, type: declared, path: "" });
  const plain = readerOf(who, avro, avro);
  if (schemas === undefined) return (bytes) => convert(plain(bytes)) as T;
  const byId = new Map(
    Object.entries(schemas).map(([id, each]) => {
      checkId(who, Number(id));
      return [Number(id), readerOf(who, avro, parseSchema(who, each, bigints))] as const;
    }),
  );
  return (bytes) => {
    const id = idOf(bytes);
    const read = byId.get(id);
    if (read === undefined)
      throw new Error(`it is written with schema ${id}, and ${[...byId.keys()].join(", ")} are given`);
    return convert(read(bytes.subarray(HEADER_BYTES))) as T;
  };
}

/** For the option `value` of the sink: values in Avro's binary form. Errors: OPTION_INVALID, as of avroFormat; a value that does not fit. */
export function avroValue<T>(type: ValueType<T>, { schema, schemaId }: AvroValueOptions): (value: T) => Uint8Array {
  const who = "avroValue";
  const declared = type as ValueType<unknown>;
  const avro = parseSchema(who, schema, hasBigint(declared));
  const convert = conversionOf(who, "write", { avro, type: declared, path: "" });
  if (schemaId === undefined) return (value) => avro.toBuffer(convert(value));
  checkId(who, schemaId);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(MAGIC);
  header.writeInt32BE(schemaId, 1);
  return (value) => Buffer.concat([header, avro.toBuffer(convert(value))]);
}

function idOf(bytes: Buffer): number {
  if (bytes.length < HEADER_BYTES || bytes[0] !== MAGIC)
    throw new Error("it does not begin with the id of a schema; leave `schemas` out where records have none");
  return bytes.readInt32BE(1);
}

function checkId(who: string, id: number): void {
  if (Number.isInteger(id) && id >= 0 && id <= ID_MAX) return;
  throw optionInvalid(who, `the id ${id} of a schema is no whole number from 0 to ${ID_MAX}`);
}
