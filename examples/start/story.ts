/**
 * Owns: what the person reads: lines with the time since the beginning, progress, tables.
 *
 * SRY1 Progress stands in one line that is written over where the output is a terminal, and is a line every tenth elsewhere.
 */
const BAR_CHARS = 24;

export type StoryOutput = {
  readonly write: (text: string) => void;
  /** Whether a line can be written over. */
  readonly isTerminal: boolean;
  readonly nowMs: () => number;
};

export class Story {
  readonly #output: StoryOutput;
  readonly #startMs: number;
  #tenth = 0;
  #hasProgressLine = false;

  constructor(output: StoryOutput) {
    this.#output = output;
    this.#startMs = output.nowMs();
  }

  /** A line with the time. */
  tell(text: string): void {
    this.#line(`${this.#time()}  ${text}`);
  }

  /** A line below one with the time. */
  add(text: string): void {
    this.#line(`${" ".repeat(10)}${text}`);
  }

  /** A line as it is. */
  plain(text = ""): void {
    this.#line(text);
  }

  /** `done` of `all`, with a few words behind it. */
  progress(done: number, all: number, words: string): void {
    const share = all === 0 ? 1 : Math.min(1, done / all);
    const filled = Math.round(share * BAR_CHARS);
    const bar = `${"#".repeat(filled)}${".".repeat(BAR_CHARS - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`;
    const line = `${this.#time()}  ${bar}  ${words}`;
    if (this.#output.isTerminal) {
      this.#output.write(`\r\x1b[2K${line}`);
      this.#hasProgressLine = true;
      return;
    }
    const tenth = Math.floor(share * 10);
    if (tenth <= this.#tenth) return;
    this.#tenth = tenth;
    this.#output.write(`${line}\n`);
  }

  #line(text: string): void {
    this.#output.write(`${this.#hasProgressLine ? "\r\x1b[2K" : ""}${text}\n`);
    this.#hasProgressLine = false;
  }

  #time(): string {
    return `${((this.#output.nowMs() - this.#startMs) / 1000).toFixed(1).padStart(6)} s`;
  }
}

/** A number as people write it: 12,345. */
export function thousands(value: number): string {
  return value.toLocaleString("en-US");
}

/** Columns as wide as their widest cell; the first row is the heading. Columns named in `toTheRight` hold numbers. */
export function tableOf(rows: readonly (readonly string[])[], toTheRight: readonly number[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return toTheRight.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const [heading = [], ...others] = rows;
  return [line(heading), widths.map((width) => "-".repeat(width)).join("  "), ...others.map(line)];
}
