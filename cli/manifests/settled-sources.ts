/**
 * Owns: reading manifests that somebody may still be writing: when a text counts as whole.
 * Called by: run-command.ts, after a save was noticed (file-follower.ts has waited until the files stood still for a moment).
 *
 * SS1 A text with a mistake is read again after HALF_WRITTEN_MS: it may have been half written.
 * SS2 A text that may be the beginning of what is still being written has to stand still for QUIET_MS: the beginning of a manifest is
 *     often a manifest, too, and applying it would rescale a job, or say that others are no longer written. It may be a beginning
 *     when the file is new, when it is shorter than the text before and ends otherwise, or has lost the newline at its end.
 */
import { type Clock, sleep } from "../../base/index.ts";
import type { ManifestSet } from "./manifest-set.ts";
import type { ReadSources } from "./manifest-sources.ts";

const HALF_WRITTEN_MS = 300;
const QUIET_MS = 2000;
/** A file that never stands still is taken as it is at last. */
const READS_MAX = 30;

type Texts = ReadonlyMap<string, string>;

export class SettledSources {
  readonly #clock: Clock;
  readonly #read: () => ReadSources;
  #before: Texts;

  /** What the files hold now is whole. */
  constructor(clock: Clock, read: () => ReadSources) {
    this.#clock = clock;
    this.#read = read;
    this.#before = textsOf(read());
  }

  async read(parse: (sources: ReadSources) => ManifestSet): Promise<ManifestSet> {
    let sources = this.#read();
    let set = parse(sources);
    for (let reads = 1; reads < READS_MAX; reads++) {
      const isCut = mayBeCut(this.#before, textsOf(sources));
      if (!isCut && set.problems.length === 0) break;
      await sleep(this.#clock, isCut ? QUIET_MS : HALF_WRITTEN_MS);
      const again = this.#read();
      const isStill = isSame(textsOf(sources), textsOf(again));
      sources = again;
      set = parse(sources);
      if (isStill) break;
    }
    // What was cut and had a mistake does not become the measure for what follows.
    if (set.problems.length === 0) this.#before = textsOf(sources);
    return set;
  }
}

/** SS2 */
function mayBeCut(before: Texts, after: Texts): boolean {
  return [...after].some(([file, text]) => {
    const old = before.get(file);
    if (old === undefined) return true;
    if (old === text) return false;
    if (old.endsWith("\n") && !text.endsWith("\n")) return true;
    return text.length < old.length && lastLine(text) !== lastLine(old);
  });
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

function isSame(one: Texts, other: Texts): boolean {
  return one.size === other.size && [...one].every(([file, text]) => other.get(file) === text);
}

function textsOf({ texts }: ReadSources): Texts {
  return new Map(texts.map(({ file, text }) => [file, text]));
}
