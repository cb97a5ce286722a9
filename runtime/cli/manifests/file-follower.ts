/**
 * Owns: noticing that files were saved, appeared or went, however an editor does it.
 * Does not own: what is in them. Called by: `run`.
 *
 * FF1 The folders are watched, not the files: an editor that writes another file and renames it leaves nothing to watch. A look each second
 *     finds what no notification told (network folders, containers).
 * FF2 A change is told when the files have stood still for SETTLE_MS: a save in several writes is one change.
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
};

export class FileFollower {
  readonly #options: FileFollowerOptions;
  readonly #watchers: FSWatcher[] = [];
  #known: ReadonlyMap<string, string>;
  #poll: Timer | null = null;
  #settling: Timer | null = null;
  #isStopped = false;

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
    const found = new Map<string, string>();
    for (const file of this.#options.files()) {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      if (stat !== undefined) found.set(file, `${stat.mtimeNs} ${stat.size} ${stat.ino}`);
    }
    return found;
  }
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((file) => before.get(file) !== after.get(file));
}
