/**
 * Owns: texts as bytes, digits and hashes, and the other way round.
 *
 * SQUE1 What a character set has no character for becomes `?` in bytes, and U+FFFD in a text; a character set that is not known is an error.
 */
import { assert, textDigest } from "../../../base/index.ts";
import { isText } from "../types/type-families.ts";
import { failExpression, type Integer, numberOf, plain, typed } from "./implementations.ts";
import type { ScalarFactory } from "./scalar-implementation.ts";

type CharacterSet = {
  readonly encode: (text: string) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => string;
};

/** Of one byte a character; `last`: the greatest code. */
const singleByte = (last: number): CharacterSet => ({
  encode: (text) =>
    Uint8Array.from(Array.from(text), (character) => {
      const code = character.codePointAt(0) as number;
      return code <= last ? code : 0x3f;
    }),
  decode: (bytes) => {
    let text = "";
    for (const byte of bytes) text += byte <= last ? String.fromCharCode(byte) : "\uFFFD";
    return text;
  },
});

function utf16Bytes(text: string, isBigEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < text.length; index++) view.setUint16(index * 2, text.charCodeAt(index), !isBigEndian);
  return bytes;
}

const utf16 = (label: "utf-16le" | "utf-16be"): CharacterSet => ({
  encode: (text) => utf16Bytes(text, label === "utf-16be"),
  decode: (bytes) => new TextDecoder(label, { ignoreBOM: true }).decode(bytes),
});

const characterSets: Readonly<Record<string, CharacterSet>> = {
  "US-ASCII": singleByte(0x7f),
  "ISO-8859-1": singleByte(0xff),
  "UTF-8": {
    encode: (text) => new TextEncoder().encode(text),
    decode: (bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
  },
  "UTF-16LE": utf16("utf-16le"),
  "UTF-16BE": utf16("utf-16be"),
  "UTF-16": {
    // Java's: written with a mark in front, big end first; read as the mark says.
    encode: (text) => utf16Bytes(text === "" ? "" : `\uFEFF${text}`, true),
    decode: (bytes) => {
      const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe;
      return new TextDecoder(isLittle ? "utf-16le" : "utf-16be").decode(bytes);
    },
  },
};

function characterSet(name: string): CharacterSet {
  const found = characterSets[name.toUpperCase()];
  return (
    found ??
    failExpression(`There is no character set '${name}'`, `Use one of ${Object.keys(characterSets).join(", ")}.`)
  );
}

function decodedBase64(text: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(text))
    failExpression(
      `'${text.slice(0, 40)}' is no base64`,
      "It has letters, digits, + and /, with = at its end; filter other rows.",
    );
  return Buffer.from(text, "base64").toString("utf8");
}

/** Of a whole number the digits of its 64 bits: negative ones in two's complement, as Java has it. */
const digits = (value: Integer, radix: number): string =>
  BigInt.asUintN(64, typeof value === "bigint" ? value : BigInt(Math.trunc(value)))
    .toString(radix)
    .toUpperCase();

const hex: ScalarFactory = typed(({ arguments: [type] }) => {
  if (type !== undefined && isText(type))
    return (text: string) => Buffer.from(text, "utf8").toString("hex").toUpperCase();
  if (type?.kind !== "decimal") return (value: Integer) => digits(value, 16);
  const unit = 10n ** BigInt(type.scale);
  return (value: bigint) => digits(value / unit, 16);
});

const hash = (algorithm: Parameters<typeof textDigest>[0]): ScalarFactory =>
  plain((text: string) => textDigest(algorithm, text));

function sha2(text: string, bits: Integer): string {
  const algorithm = ([224, 256, 384, 512] as const).find((length) => length === numberOf(bits));
  if (algorithm === undefined) return failExpression(`SHA2 of ${bits} bits`, "It has 224, 256, 384 or 512.");
  return textDigest(`sha${algorithm}`, text);
}

/** An odd digit at the beginning is half a byte, as in Flink. */
function unhex(digits: string): Uint8Array | null {
  if (!/^[\da-fA-F]*$/.test(digits)) return null;
  return Uint8Array.from(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex"));
}

const uuid: ScalarFactory = ({ session: { random } }) => {
  assert(random !== undefined, "the session of a query with UUID has its `random`");
  return {
    takesNulls: false,
    call: () => {
      const bits = random.hex(16);
      // RFC 4122: version 4, and the two bits of the variant.
      const variant = ((Number.parseInt(bits.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
      return `${bits.slice(0, 8)}-${bits.slice(8, 12)}-4${bits.slice(13, 16)}-${variant}${bits.slice(17, 20)}-${bits.slice(20)}`;
    },
  };
};

export const encodingFunctions: Readonly<Record<string, ScalarFactory>> = {
  MD5: hash("md5"),
  SHA1: hash("sha1"),
  SHA224: hash("sha224"),
  SHA256: hash("sha256"),
  SHA384: hash("sha384"),
  SHA512: hash("sha512"),
  SHA2: plain(sha2),
  TO_BASE64: plain((text: string) => Buffer.from(text, "utf8").toString("base64")),
  FROM_BASE64: plain(decodedBase64),
  ENCODE: plain((text: string, name: string) => characterSet(name).encode(text)),
  DECODE: plain((bytes: Uint8Array, name: string) => characterSet(name).decode(bytes)),
  HEX: hex,
  UNHEX: plain(unhex),
  BIN: plain((value: Integer) => digits(value, 2)),
  UUID: uuid,
};
