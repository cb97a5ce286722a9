/**
 * Owns: what is told of a line that a function of the job failed with: the file, the line, and the text itself.
 * Called by: source.ts, for whatever is thrown while a line goes through the operators chained to the source.
 *
 * LF1 The failure stays what it was (code, destiny, cause); only its message says more. A broken invariant is no line's fault.
 * LF2 Of the text at most TEXT_SHOWN characters are told. The number of the line is told where counting it is cheap.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { AssertionFailure, StreamError } from "../../../base/index.ts";
import type { TextFileSplit } from "./discovery.ts";
import { NEWLINE } from "./split-file.ts";

const TEXT_SHOWN = 200;
/** The job fails: a look at so many bytes of a file that was just read takes no time that anybody misses. */
const COUNTED_BYTES_MAX = 64 << 20;
const CHUNK_BYTES = 1 << 20;

/** `position`: where the line begins in the text of the split's file. */
export function failedAtLine(error: unknown, split: TextFileSplit, position: number, text: string): unknown {
  if (error instanceof AssertionFailure) return error;
  const message = `${error instanceof Error ? error.message : String(error)}; it came of ${place(split, position)}: ${shown(text)}`;
  if (error instanceof StreamError) {
    const { code, destiny, retryAfterMs } = error;
    return new StreamError(code, message, {
      destiny,
      cause: error,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
  return new Error(message, { cause: error });
}

function place(split: TextFileSplit, position: number): string {
  const line = lineNumber(split, position);
  return line === null ? `the line at byte ${position} of ${split.path}` : `line ${line} of ${split.path}`;
}

/** From 1; null: not known. */
function lineNumber({ path, packing }: TextFileSplit, position: number): number | null {
  if (packing !== undefined || position > COUNTED_BYTES_MAX) return null;
  try {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
      let line = 1;
      for (let at = 0; at < position; ) {
        const read = readSync(file, bytes, 0, Math.min(CHUNK_BYTES, position - at), at);
        if (read === 0) return null;
        for (let next = bytes.indexOf(NEWLINE); next !== -1 && next < read; next = bytes.indexOf(NEWLINE, next + 1))
          line++;
        at += read;
      }
      return line;
    } finally {
      closeSync(file);
    }
  } catch {
    return null; // The byte is told instead; why the function failed is what matters.
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)}…` : text);
}
