/**
 * Owns: the format raw: the bytes of a record are the value of its one column.
 *
 * TBCX1 Numbers have as many bytes as Java gives them; a record of another length is refused.
 */
import { rowKinds } from "../../record/index.ts";
import { type SqlType, typeText } from "../../sql/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import { ValueMisfit } from "../values/scalar-text.ts";
import { type EncodedRecord, type Format, type FormatUse, madeOf, RecordMisfit, textOf } from "./format.ts";

const rows: readonly OptionRow[] = [
  { name: "charset", kind: ["UTF-8"], default: "UTF-8", meaning: "of CHAR, VARCHAR and STRING" },
  {
    name: "endianness",
    kind: ["big-endian", "little-endian"],
    default: "big-endian",
    meaning: "the order of a number's bytes",
  },
];

export const rawFormat: Format = {
  name: "raw",
  meaning: "The whole line or record is the value of the table's one column: a STRING, BYTES, a BOOLEAN or a number.",
  rows,
  changes: "append",
  decoder: (use) => {
    const { name, codec } = onlyColumn(use);
    const isRead = use.read.length > 0;
    return (record, take) => take(isRead ? { [name]: codec.read(record) } : {}, rowKinds.insert);
  },
  encoder: (use) => {
    const { name, codec } = onlyColumn(use);
    return (row) => {
      const value = row[name];
      if (value === null) throw new RecordMisfit(`the column ${name} is NULL, which the format raw cannot write`);
      return codec.write(value as never);
    };
  },
};

type Codec = { readonly read: (record: EncodedRecord) => unknown; readonly write: (value: never) => EncodedRecord };

function onlyColumn(use: FormatUse): { readonly name: string; readonly codec: Codec } {
  const [column, second] = use.columns;
  const { options, prefix } = use;
  if (column === undefined || second !== undefined)
    throw options.refuse(
      `${prefix.slice(0, -"raw.".length)}format`,
      `the format raw is of one column, and here are ${use.columns.length}`,
      "Declare one, such as line STRING, and take it apart in a query; or choose another format.",
    );
  const isLittle = options.given(`${prefix}endianness`) === "little-endian";
  return { name: column.name, codec: madeOf(use, "raw", () => codecOf(column.type, isLittle)) };
}

function codecOf(type: SqlType, isLittle: boolean): Codec {
  switch (type.kind) {
    case "char":
    case "varchar":
      return { read: textOf, write: (value: string) => value };
    case "binary":
    case "varbinary":
      return { read: (record) => new Uint8Array(bytesOf(record)), write: (value: Uint8Array) => value };
    case "boolean":
      return fixed(
        1,
        (view) => view.getInt8(0) !== 0,
        (view, value: boolean) => view.setInt8(0, value ? 1 : 0),
      );
    case "tinyint":
      return fixed(
        1,
        (view) => view.getInt8(0),
        (view, value: number) => view.setInt8(0, value),
      );
    case "smallint":
      return fixed(
        2,
        (view) => view.getInt16(0, isLittle),
        (view, value: number) => view.setInt16(0, value, isLittle),
      );
    case "int":
      return fixed(
        4,
        (view) => view.getInt32(0, isLittle),
        (view, value: number) => view.setInt32(0, value, isLittle),
      );
    case "bigint":
      return fixed(
        8,
        (view) => view.getBigInt64(0, isLittle),
        (view, value: bigint) => view.setBigInt64(0, value, isLittle),
      );
    case "float":
      return fixed(
        4,
        (view) => view.getFloat32(0, isLittle),
        (view, value: number) => view.setFloat32(0, value, isLittle),
      );
    case "double":
      return fixed(
        8,
        (view) => view.getFloat64(0, isLittle),
        (view, value: number) => view.setFloat64(0, value, isLittle),
      );
    default:
      throw new ValueMisfit(`${typeText(type)} has no bytes of its own`);
  }
}

function fixed<V>(length: number, get: (view: DataView) => V, set: (view: DataView, value: V) => void): Codec {
  return {
    read: (record) => {
      const bytes = bytesOf(record);
      if (bytes.length !== length) throw new RecordMisfit(`it has ${bytes.length} bytes, not ${length}`);
      return get(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    write: (value: V) => {
      const bytes = new Uint8Array(length);
      set(new DataView(bytes.buffer), value);
      return bytes;
    },
  };
}

const bytesOf = (record: EncodedRecord): Uint8Array => (typeof record === "string" ? Buffer.from(record) : record);
