/**
 * Owns: the statements that a person has typed, in a file of theirs.
 *
 * HIS1 A statement that may hold a secret is not written, and the file is its owner's alone. A user in an address counts: such a table is refused, and was typed.
 * HIS2 A file that cannot be read or written costs the history, and nothing else: it is said once.
 * HIS3 A file that has become long is shortened when a shell starts.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makePrivateFolderSync, PRIVATE_FILE } from "../../base/index.ts";
import { namesSecret } from "../../runtime/sql/index.ts";

const KEPT_MAX = 1000;
const FILE_LINES_MAX = 2 * KEPT_MAX;
const ADDRESS_WITH_USER = /:\/\/[^/\s']*@/;

export class History {
  readonly #path: string;
  readonly #say: (line: string) => void;
  readonly #entries: string[];
  #isBroken = false;

  constructor(path: string, say: (line: string) => void) {
    this.#path = path;
    this.#say = say;
    this.#entries = this.#read();
  }

  /** The last one first, as an editor of lines has them. */
  get newestFirst(): string[] {
    return this.#entries.toReversed();
  }

  /** With its semicolon. Lines become one, where no comment would swallow what follows. */
  add(statement: string): void {
    const entry = statement.includes("--") ? null : statement.replaceAll(/\s*\n\s*/g, " ");
    const entries = entry === null ? statement.split("\n") : [entry];
    if (this.#entries.at(-1) === entry) return;
    this.#entries.push(...entries);
    this.#entries.splice(0, this.#entries.length - KEPT_MAX);
    if (namesSecret(statement) || ADDRESS_WITH_USER.test(statement) || this.#isBroken) return;
    try {
      makePrivateFolderSync(dirname(this.#path));
      appendFileSync(this.#path, `${entries.join("\n")}\n`, { mode: PRIVATE_FILE });
    } catch (error) {
      this.#broken(error);
    }
  }

  #read(): string[] {
    try {
      const lines = readFileSync(this.#path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
      const kept = lines.slice(-KEPT_MAX);
      if (lines.length > FILE_LINES_MAX) this.#shorten(kept);
      return kept;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#broken(error);
      return [];
    }
  }

  /** HIS3 */
  #shorten(lines: readonly string[]): void {
    const next = `${this.#path}.${process.pid}`;
    writeFileSync(next, `${lines.join("\n")}\n`, { mode: PRIVATE_FILE });
    renameSync(next, this.#path);
  }

  /** HIS2 */
  #broken(error: unknown): void {
    this.#isBroken = true;
    this.#say(`The history is not kept: ${(error as Error).message}`);
  }
}
