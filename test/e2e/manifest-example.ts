/**
 * Owns: an example with a manifest, copied to where it may be edited, and what its README shows of its story.
 *
 * MAE1 The copy lies in the repository, for a job imports "streamjob" from the package that it lies in.
 * MAE2 Shown and said are compared without times, places and durations.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertRunningCounts } from "../integration/part-files.ts";
import { shownOutput } from "./readme.ts";
import { repository, type RunningCommand, type Workplace } from "./streamjob-command.ts";

export class ManifestExample {
  readonly folder: string;
  readonly manifest: string;
  readonly counts: string;
  readonly #name: string;

  /** `example`: the folder's name, such as `05-manifest`. `shownCounts`: the output folder that its manifest names. */
  constructor(work: Workplace, example: string, shownCounts: string) {
    mkdirSync(join(repository, "tmp"), { recursive: true });
    this.folder = mkdtempSync(join(repository, "tmp", `${example}-`));
    this.#name = example;
    cpSync(join(repository, "examples", example), this.folder, { recursive: true });
    this.manifest = join(this.folder, "words.yaml");
    this.counts = work.path("counts");
    this.edit("words.yaml", shownCounts, this.counts);
  }

  /** Replaces text that has to be there, as an editor would. */
  edit(file: string, from: string, to: string): void {
    const path = join(this.folder, file);
    const text = readFileSync(path, "utf8");
    assert.ok(text.includes(from), `${path} does not hold ${from}`);
    writeFileSync(path, text.replace(from, to));
  }

  /** Waits until the command has said the last line of a block, and fails unless all of it was said, in order. */
  async untilTold(command: RunningCommand, label: string): Promise<void> {
    const shown = shownOutput(this.#name, label).map(bare);
    const last = shown.at(-1) ?? "";
    const said = (): string[] => `${command.stdout}\n${command.stderr}`.split("\n").map(bare);
    await command.until(last, () => said().includes(last));
    let place = -1;
    for (const line of shown) {
      place = said().indexOf(line, place + 1);
      assert.notEqual(place, -1, `"${line}" was not said, or not in this order:\n${said().join("\n")}`);
    }
  }

  /** Of each word the visible lines are 1, 2, 3 …, each once; gives the highest count of all words together. */
  assertCounts(line: RegExp): number {
    const counts: [word: string, count: number][] = [];
    for (const name of readdirSync(this.counts).filter((part) => !part.startsWith("."))) {
      for (const text of readFileSync(join(this.counts, name), "utf8").split("\n").filter(Boolean)) {
        const [, word = "", count] = line.exec(text) ?? [];
        assert.ok(count !== undefined, `"${text}" in ${name} is no count`);
        counts.push([word, Number(count)]);
      }
    }
    assertRunningCounts(counts);
    return counts.length;
  }

  /** The lines of the newest visible part. */
  newestLines(): string {
    const parts = readdirSync(this.counts).filter((part) => !part.startsWith("."));
    const paths = parts.map((part) => join(this.counts, part));
    const newest = paths.toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs).at(-1);
    return newest === undefined ? "" : readFileSync(newest, "utf8");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** MAE2 */
function bare(line: string): string {
  return line
    .replace(/^\d\d:\d\d:\d\d /, "")
    .replace(/ \(took .*\)$/, "")
    .replace(/(?<= at )\/\S+\/(?=[\w-]+\.ts:\d)/, "…/")
    .trimEnd();
}
