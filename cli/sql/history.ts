/**
 * Owns: the statements that a person has typed, in a file of theirs.
 *
 * HIS1 A statement that may hold a secret is not written, and the file is its owner's alone.
 * HIS2 A file that cannot be read or written costs the history, and nothing else: it is said once.
 */
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

const KEPT_MAX = 1000;
const SECRET = /password|secret|token|sasl\.jaas/i;

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
    if (SECRET.test(statement) || this.#isBroken) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      appendFileSync(this.#path, `${entries.join("\n")}\n`, { mode: 0o600 });
    } catch (error) {
      this.#broken(error);
    }
  }

  #read(): string[] {
    try {
      return readFileSync(this.#path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .slice(-KEPT_MAX);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#broken(error);
      return [];
    }
  }

  /** HIS2 */
  #broken(error: unknown): void {
    this.#isBroken = true;
    this.#say(`The history is not kept: ${(error as Error).message}`);
  }
}
