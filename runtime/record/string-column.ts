/**
 * Owns: the encoding of a column of strings, and of the lengths that go with any column of things of different length.
 *
 * Grammar (`[x]8` = starts on an 8-byte boundary of the block):
 *   strings = u8 encoding (0 latin1, 1 utf8, 2 utf16), u8 width (1|2|4), u32 blobBytes, [lengths]8 in characters, blob
 *
 * SCO1 Strings come back unit by unit: where they hold lone surrogates, which UTF-8 cannot, the whole column is UTF-16.
 */
import type { ByteReader, ByteWriter } from "./byte-buffer.ts";
import { misfit } from "./misfit.ts";
import { ownString, SLICED_LENGTH_MIN } from "./own-string.ts";

const BLOB_ENCODINGS = ["latin1", "utf8", "utf16le"] as const;

// One rope flattened by one native call measured faster than join() and than copying characters one by one.
export function encodeStrings(name: string, values: readonly unknown[], writer: ByteWriter): void {
  const count = values.length;
  let text = "";
  let longest = 0;
  for (let row = 0; row < count; row++) {
    const value = values[row];
    if (typeof value !== "string") throw misfit(name, "string", value, row);
    if (value.length > longest) longest = value.length;
    text += value;
  }
  const utf8Bytes = Buffer.byteLength(text, "utf8");
  const encoding = utf8Bytes === text.length ? 0 : text.isWellFormed() ? 1 : 2;
  const blobBytes = encoding === 2 ? text.length * 2 : utf8Bytes;
  const width = longest < 0x100 ? 1 : longest < 0x1_0000 ? 2 : 4;
  writer.u8(encoding);
  writer.u8(width);
  writer.u32(blobBytes);
  writeLengths(values as readonly string[], width, writer);
  const start = writer.take(blobBytes);
  writer.buffer.write(text, start, blobBytes, BLOB_ENCODINGS[encoding]);
}

export function writeLengths(values: readonly { readonly length: number }[], width: number, writer: ByteWriter): void {
  const count = values.length;
  if (width === 1) {
    const start = writer.take(count);
    const buffer = writer.buffer;
    for (let row = 0; row < count; row++) buffer[start + row] = (values[row] as { length: number }).length;
  } else if (width === 2) {
    const lengths = writer.uint16(count);
    for (let row = 0; row < count; row++) lengths[row] = (values[row] as { length: number }).length;
  } else {
    const lengths = writer.int32(count);
    for (let row = 0; row < count; row++) lengths[row] = (values[row] as { length: number }).length;
  }
}

export function readLengths(width: number, count: number, reader: ByteReader): ArrayLike<number> {
  if (width === 1) return reader.bytes(count);
  if (width === 2) return reader.uint16(count);
  return reader.int32(count);
}

export function decodeStrings(count: number, reader: ByteReader): string[] {
  const encoding = reader.u8();
  const width = reader.u8();
  const blobBytes = reader.u32();
  const lengths = readLengths(width, count, reader);
  const start = reader.take(blobBytes);
  const end = start + blobBytes;
  const text = reader.buffer.toString(BLOB_ENCODINGS[encoding] ?? "latin1", start, end);
  const strings: string[] = new Array(count);
  let from = 0;
  for (let row = 0; row < count; row++) {
    const to = from + (lengths[row] as number);
    // A view would keep the text of the whole batch alive for as long as its record lives, in state perhaps forever.
    if (to - from < SLICED_LENGTH_MIN) strings[row] = text.substring(from, to);
    else if (encoding === 0) strings[row] = reader.buffer.toString("latin1", start + from, start + to);
    else strings[row] = ownString(text.substring(from, to));
    from = to;
  }
  return strings;
}
