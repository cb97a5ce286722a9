/**
 * Owns: the layout of a keyed state file: one per subtask, operator and snapshot.
 * Not here: magic, index and footer as such (indexed-file.ts), the bytes of a chunk (section-codec.ts).
 *
 * Grammar (little-endian, every part starts at an 8-byte boundary):
 *   file    = magic section* index padding footer          as every indexed file: magic "SJKEYED1", end "SJKEYEND"
 *   section = chunk+                                       the rows of one state in one key group
 *   index   = JSON {"uid", "maxParallelism", "keyGroups": {"first", "last"}, "states": [meta…],
 *             "sections": [[state, keyGroup, offset, length, chunks]…]}   state: index into "states"
 *
 * KF1 Sections come in order of key group, then of state; each (state, key group) at most once; empty ones are left out.
 * KF2 The index tells where each key group's sections are: a reader at another parallelism decodes only its own.
 * KF3 The file is verified as a whole (HAN1) before it is parsed; what is still wrong then is another version or a fault of
 *     the writer, and is refused by name.
 */
import type { KeyGroupRange } from "../../record/index.ts";
import { IndexedFileFormat } from "./indexed-file.ts";
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

export const keyedFile = new IndexedFileFormat("keyed state file", { name: "SJKEYED", version: 1, end: "SJKEYEND" });

/** Index, padding and footer: what follows the sections. */
export function encodeIndex(index: KeyedFileIndex): Uint8Array {
  const sections = index.sections.map(({ state, keyGroup, offset, length, chunks }) => [
    state,
    keyGroup,
    offset,
    length,
    chunks,
  ]);
  return keyedFile.encodeIndex({ ...index, sections });
}

/** Reads the index of a verified file; throws CHECKPOINT_CORRUPT or FORMAT_TOO_NEW naming the file when it is not one. */
export function parseIndex(file: string, bytes: Buffer): KeyedFileIndex {
  const { index, indexAt } = keyedFile.parseIndex(file, bytes);
  return checkIndex(file, index as Record<string, unknown>, indexAt);
}

function checkIndex(file: string, index: Record<string, unknown>, end: number): KeyedFileIndex {
  const { uid, maxParallelism, keyGroups, states, sections } = index as {
    uid: string;
    maxParallelism: number;
    keyGroups: KeyGroupRange;
    states: unknown[];
    sections: number[][];
  };
  if (!Array.isArray(states) || !Array.isArray(sections)) throw keyedFile.corrupt(file, "its index has no states");
  const places = sections.map(([state, keyGroup, offset, length, chunks]) => {
    const place = { state, keyGroup, offset, length, chunks } as SectionPlace;
    const isInside = place.offset >= keyedFile.start && place.offset + place.length <= end;
    const isOwned = place.keyGroup >= keyGroups.first && place.keyGroup <= keyGroups.last;
    if (!isInside || !isOwned || !(place.state < states.length))
      throw keyedFile.corrupt(file, `its section ${JSON.stringify(place)} is out of bounds`);
    return place;
  });
  return { uid, maxParallelism, keyGroups, states: states.map(parseMeta), sections: places };
}
