/**
 * Owns: the layout of a keyed state file: one per subtask, operator and snapshot.
 * Not here: the bytes of a chunk (section-codec.ts).
 *
 * Grammar (little-endian, every part starts at an 8-byte boundary):
 *   file    = magic section* index padding footer
 *   magic   = "SJKEYED1"                                   the digit is the version of the format
 *   section = chunk+                                       the rows of one state in one key group
 *   index   = JSON {"uid", "maxParallelism", "keyGroups": {"first", "last"}, "states": [meta…],
 *             "sections": [[state, keyGroup, offset, length, chunks]…]}   state: index into "states"
 *   footer  = u32 length of the index, u32 reserved, "SJKEYEND"
 *
 * KF1 Sections come in order of key group, then of state; each (state, key group) at most once; empty ones are left out.
 * KF2 The index tells where each key group's sections are: a reader at another parallelism decodes only its own.
 * KF3 The file is verified as a whole (HAN1) before it is parsed; what is still wrong then is another version or a fault of
 *     the writer, and is refused by name.
 */
import { newerFormat, StreamError } from "../../../base/index.ts";
import { ByteWriter, type KeyGroupRange } from "../../record/index.ts";
import { parseMeta, type StateMeta } from "./state-meta.ts";

export type SectionPlace = {
  /** Index into the states. */
  readonly state: number;
  readonly keyGroup: number;
  readonly offset: number;
  readonly length: number;
  readonly chunks: number;
};

export type KeyedFileIndex = {
  readonly uid: string;
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly states: readonly StateMeta[];
  readonly sections: readonly SectionPlace[];
};

const VERSION = 1;
const MAGIC_NAME = "SJKEYED";
const MAGIC = `${MAGIC_NAME}${VERSION}`;
const END = "SJKEYEND";
export const MAGIC_BYTES: Uint8Array = Buffer.from(MAGIC, "latin1");
const FOOTER_LENGTH = 16;

/** Index, padding and footer: what follows the sections. */
export function encodeIndex(index: KeyedFileIndex): Uint8Array {
  const sections = index.sections.map(({ state, keyGroup, offset, length, chunks }) => [
    state,
    keyGroup,
    offset,
    length,
    chunks,
  ]);
  const text = Buffer.from(JSON.stringify({ ...index, sections }), "utf8");
  const writer = new ByteWriter(text.length + FOOTER_LENGTH + 8);
  writer.bytes(text);
  writer.align8();
  writer.u32(text.length);
  writer.u32(0);
  writer.bytes(Buffer.from(END, "latin1"));
  return writer.copy();
}

/** Reads the index of a verified file; throws CHECKPOINT_CORRUPT or FORMAT_TOO_NEW naming the file when it is not one. */
export function parseIndex(file: string, bytes: Buffer): KeyedFileIndex {
  const magic = bytes.toString("latin1", 0, MAGIC.length);
  const version = magic.startsWith(MAGIC_NAME) ? Number(magic.slice(MAGIC_NAME.length)) : 0;
  if (version > VERSION) throw newerFormat(`the keyed state file ${file}`, version, VERSION);
  if (magic !== MAGIC) throw corrupt(file, `it starts with ${JSON.stringify(magic)}, not ${MAGIC}`);
  if (bytes.toString("latin1", bytes.length - END.length) !== END) throw corrupt(file, "its end is missing");
  const footerAt = bytes.length - FOOTER_LENGTH;
  const textLength = bytes.readUInt32LE(footerAt);
  const textAt = footerAt - ((textLength + 7) & ~7);
  if (textAt < MAGIC.length) throw corrupt(file, "its index is longer than the file");
  let index: unknown;
  try {
    index = JSON.parse(bytes.toString("utf8", textAt, textAt + textLength));
  } catch (cause) {
    throw corrupt(file, "its index cannot be read", cause);
  }
  return checkIndex(file, index as Record<string, unknown>, textAt);
}

function checkIndex(file: string, index: Record<string, unknown>, end: number): KeyedFileIndex {
  const { uid, maxParallelism, keyGroups, states, sections } = index as {
    uid: string;
    maxParallelism: number;
    keyGroups: KeyGroupRange;
    states: unknown[];
    sections: number[][];
  };
  if (!Array.isArray(states) || !Array.isArray(sections)) throw corrupt(file, "its index has no states");
  const places = sections.map(([state, keyGroup, offset, length, chunks]) => {
    const place = { state, keyGroup, offset, length, chunks } as SectionPlace;
    const isInside = place.offset >= MAGIC.length && place.offset + place.length <= end;
    const isOwned = place.keyGroup >= keyGroups.first && place.keyGroup <= keyGroups.last;
    if (!isInside || !isOwned || !(place.state < states.length))
      throw corrupt(file, `its section ${JSON.stringify(place)} is out of bounds`);
    return place;
  });
  return { uid, maxParallelism, keyGroups, states: states.map(parseMeta), sections: places };
}

export function corrupt(file: string, what: string, cause?: unknown): StreamError {
  return new StreamError(
    "CHECKPOINT_CORRUPT",
    `${file} is not a keyed state file of this version: ${what}; restore from another checkpoint, or use the version that wrote it`,
    { destiny: "terminal", cause },
  );
}
