/**
 * Owns: counting the words of the text without the engine: every file from its beginning to its end, in one loop.
 *
 * DC1 Nothing of the engine takes part: files are found, read and cut into lines here. What a word is comes from the example.
 */
import { createReadStream, globSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { textsOf } from "../01-word-count/texts.ts";
import { wordsOf } from "../01-word-count/words.ts";

export type DirectCount = {
  readonly files: number;
  readonly bytes: number;
  readonly lines: number;
  readonly words: number;
  /** Word -> how often it is there. */
  readonly counts: ReadonlyMap<string, number>;
};

/** `names` as the person gave them. */
export async function countDirectly(names: readonly string[]): Promise<DirectCount> {
  const { paths, glob } = textsOf(names);
  const files = new Set<string>();
  for (const path of paths) addPath(resolve(path), files);
  for (const path of globSync([...glob])) if (statSync(path).isFile()) files.add(resolve(path));
  const counts = new Map<string, number>();
  let bytes = 0;
  let lines = 0;
  let words = 0;
  for (const file of files) {
    bytes += statSync(file).size;
    for await (const line of linesOf(file)) {
      lines++;
      for (const word of wordsOf(line)) {
        words++;
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
  }
  return { files: files.size, bytes, lines, words, counts };
}

/** A folder is read with all folders in it, but for what begins with `.` or `_`; links to folders are not followed. */
function addPath(path: string, files: Set<string>): void {
  if (!statSync(path).isDirectory()) {
    files.add(path);
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (/^[._]/.test(entry.name)) continue;
    const inner = join(path, entry.name);
    if (entry.isDirectory()) addPath(inner, files);
    else if (statSync(inner, { throwIfNoEntry: false })?.isFile()) files.add(inner);
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of createReadStream(file, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
