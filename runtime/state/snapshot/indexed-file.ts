/**
 * Owns: what files of state have in common: a magic with the version in front, an index as JSON with its footer at the end.
 * Not here: what is between them and in the index (keyed-file.ts, ../table/table-file.ts).
 *
 * Grammar (little-endian, every part starts at an 8-byte boundary):
 *   file   = magic … index padding footer
 *   magic  = 7 letters, and a digit: the version of the format
 *   footer = u32 length of the index, u32 reserved, 8 letters
 */
import { newerFormat, StreamError } from "../../../base/index.ts";
import { ByteWriter } from "../../record/index.ts";

const FOOTER_LENGTH = 16;

export class IndexedFileFormat {
  readonly #noun: string;
  readonly #name: string;
  readonly #version: number;
  readonly #end: string;

  /** `noun`: what such a file is called in messages; `version`: the newest that is read, down to 1. */
  constructor(
    noun: string,
    { name, version, end }: { readonly name: string; readonly version: number; readonly end: string },
  ) {
    this.#noun = noun;
    this.#name = name;
    this.#version = version;
    this.#end = end;
  }

  /** What a file of the version begins with. */
  magic(version: number): Uint8Array {
    return Buffer.from(`${this.#name}${version}`, "latin1");
  }

  /** Where the first thing behind it is. */
  get start(): number {
    return this.#name.length + 1;
  }

  /** Index, padding and footer: what follows all else. */
  encodeIndex(index: object): Uint8Array {
    const text = Buffer.from(JSON.stringify(index), "utf8");
    const writer = new ByteWriter(text.length + FOOTER_LENGTH + 8);
    writer.bytes(text);
    writer.align8();
    writer.u32(text.length);
    writer.u32(0);
    writer.bytes(Buffer.from(this.#end, "latin1"));
    return writer.copy();
  }

  /** The index of a verified file as it was written, and the place where it begins. Errors, which name the file: CHECKPOINT_CORRUPT, FORMAT_TOO_NEW. */
  parseIndex(
    file: string,
    bytes: Buffer,
  ): { readonly version: number; readonly index: unknown; readonly indexAt: number } {
    const magic = bytes.toString("latin1", 0, this.start);
    const version = magic.startsWith(this.#name) ? Number(magic.slice(this.#name.length)) : 0;
    if (version > this.#version) throw newerFormat(`the ${this.#noun} ${file}`, version, this.#version);
    if (!Number.isInteger(version) || version < 1)
      throw this.corrupt(file, `it starts with ${JSON.stringify(magic)}, not ${this.#name}${this.#version}`);
    if (bytes.toString("latin1", bytes.length - this.#end.length) !== this.#end)
      throw this.corrupt(file, "its end is missing");
    const textLength = bytes.readUInt32LE(bytes.length - FOOTER_LENGTH);
    const indexAt = bytes.length - FOOTER_LENGTH - ((textLength + 7) & ~7);
    if (indexAt < this.start) throw this.corrupt(file, "its index is longer than the file");
    try {
      return { version, index: JSON.parse(bytes.toString("utf8", indexAt, indexAt + textLength)), indexAt };
    } catch (cause) {
      throw this.corrupt(file, "its index cannot be read", cause);
    }
  }

  corrupt(file: string, what: string, cause?: unknown): StreamError {
    return new StreamError(
      "CHECKPOINT_CORRUPT",
      `${file} is not a ${this.#noun} of this version: ${what}; restore from another checkpoint, or use the version that wrote it`,
      { destiny: "terminal", cause },
    );
  }
}
