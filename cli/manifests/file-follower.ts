/**
 * Owns: noticing that files were saved, appeared or went, however an editor does it.
 * Does not own: what is in them. Called by: `run`.
 *
 * FF1 The folders are watched, not the files: an editor that writes another file and renames it leaves nothing to watch. A look each second
 *     finds what no notification told (network folders, containers).
 * FF2 A change is told when the files have stood still for SETTLE_MS: a save in several writes is one change.
 * FF3 What cannot be looked at (a name that is too long, a loop of links, a folder without permission) is said once, counts as
 *     unchanged, and is in nobody's way: the others are followed, and so is it when it can be looked at again.
 */
import { type FSWatcher, statSync, watch } from "node:fs";
import type { Clock, Timer } from "../../base/index.ts";

const POLL_MS = 1000;
const SETTLE_MS = 300;

export type FileFollowerOptions = {
  readonly clock: Clock;
  /** Asked at each look, since files come and go. */
  readonly files: () => readonly string[];
  /** Watched for notifications; each file in them is looked at as well once a second. */
  readonly folders: readonly string[];
  /** Which files changed, appeared or went. */
  readonly onChange: (files: readonly string[]) => void;
  /** FF3: a sentence. */
  readonly onTrouble: (text: string) => void;
};

export class FileFollower {
  readonly #options: FileFollowerOptions;
  readonly #watchers: FSWatcher[] = [];
  #known: ReadonlyMap<string, string> = new Map();
  #poll: Timer | null = null;
  #settling: Timer | null = null;
  #isStopped = false;
  /** Why they cannot be looked at, by file; "" stands for the list of files. */
  readonly #troubles = new Map<string, string>();

  /** What the files are now is known; changes after this are told. */
  constructor(options: FileFollowerOptions) {
    this.#options = options;
    this.#known = this.#look();
    for (const folder of new Set(options.folders)) {
      try {
        const watcher = watch(folder, () => this.#check());
        // A folder that goes away, or too many watches: the look each second remains.
        watcher.on("error", () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // The same.
      }
    }
    this.#pollLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#poll?.cancel();
    this.#settling?.cancel();
    for (const watcher of this.#watchers) watcher.close();
  }

  #pollLater(): void {
    this.#poll = this.#options.clock.after(POLL_MS, () => {
      this.#check();
      if (!this.#isStopped) this.#pollLater();
    });
  }

  #check(): void {
    if (this.#isStopped || this.#settling !== null) return;
    const now = this.#look();
    if (differences(this.#known, now).length > 0) this.#settle(now);
  }

  /** FF2 */
  #settle(before: ReadonlyMap<string, string>): void {
    this.#settling = this.#options.clock.after(SETTLE_MS, () => {
      this.#settling = null;
      const now = this.#look();
      if (differences(before, now).length > 0) return this.#settle(now);
      const changed = differences(this.#known, now);
      this.#known = now;
      if (changed.length > 0) this.#options.onChange(changed);
    });
  }

  /** What tells one version of a file from the next. */
  #look(): ReadonlyMap<string, string> {
    let files: readonly string[];
    try {
      files = this.#options.files();
      this.#troubles.delete("");
    } catch (error) {
      this.#trouble("", "the files cannot be listed", error);
      return this.#known;
    }
    const found = new Map<string, string>();
    for (const file of files) {
      const version = this.#versionOf(file);
      if (version !== null) found.set(file, version);
    }
    return found;
  }

  /** null: it is not there. */
  #versionOf(file: string): string | null {
    try {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      this.#troubles.delete(file);
      return stat === undefined ? null : `${stat.mtimeNs} ${stat.size} ${stat.ino}`;
    } catch (error) {
      this.#trouble(file, `${file} cannot be read`, error);
      return this.#known.get(file) ?? null;
    }
  }

  /** FF3 */
  #trouble(file: string, what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (this.#troubles.get(file) === why) return;
    this.#troubles.set(file, why);
    this.#options.onTrouble(`${what}, so changes are not noticed: ${why}`);
  }
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file));
}
