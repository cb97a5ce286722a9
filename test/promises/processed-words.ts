/** Owns: what counted-words.ts has processed, whatever became of it: nothing of it is taken back when the job goes back to a checkpoint. */
import { existsSync, readFileSync } from "node:fs";
import type { Rig } from "./rig.ts";

export class ProcessedWords {
  readonly #rig: Rig;
  /** For its `--witness`. */
  readonly path: string;

  constructor(rig: Rig) {
    this.#rig = rig;
    this.path = rig.workspace.path("witness");
  }

  #lines(): readonly string[] {
    return existsSync(this.path) ? readFileSync(this.path, "utf8").split("\n").slice(0, -1) : [];
  }

  get count(): number {
    return this.#lines().length;
  }

  /** Records that were processed twice. */
  twice(): readonly string[] {
    const seen = new Set<string>();
    return this.#lines().filter((line) => seen.size === seen.add(line).size);
  }

  async more(records: number): Promise<void> {
    const before = this.count;
    await this.#rig.until(`${records} more records to be processed`, () => this.count >= before + records);
  }
}
