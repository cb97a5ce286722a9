/**
 * Owns: lines of a person at a terminal, with their history and completion; and single keys, while a result is on the screen.
 *
 * LINP1 The editor of lines is there while a line is asked for, and gives the terminal back when something runs. Lines that came with the one that was asked for, as
 *     when several are pasted, are the next ones.
 */
import { createInterface, emitKeypressEvents, type Interface } from "node:readline";
import type { Completions } from "./completion.ts";

export type TerminalInput = NodeJS.ReadableStream & { setRawMode?(isRaw: boolean): unknown };

export type LineOptions = {
  readonly input: TerminalInput;
  readonly output: NodeJS.WritableStream;
  readonly history: () => string[];
  readonly complete: (line: string) => Completions;
};

export type Line =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "interrupt" }
  | { readonly kind: "end" };

const HISTORY_SIZE = 1000;

export class LineInput {
  readonly #options: LineOptions;
  readonly #lines: string[] = [];
  #editor: Interface | null = null;
  #answer: ((line: Line) => void) | null = null;
  #isOver = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  read(prompt: string): Promise<Line> {
    const next = this.#lines.shift();
    if (next !== undefined) return Promise.resolve({ kind: "line", text: next });
    if (this.#isOver) return Promise.resolve({ kind: "end" });
    const editor = this.#editor ?? this.#open();
    return new Promise((resolve) => {
      this.#answer = resolve;
      editor.setPrompt(prompt);
      editor.prompt();
    });
  }

  /** LINP1. The next `read` takes it again. */
  release(): void {
    const editor = this.#editor;
    this.#editor = null;
    editor?.close();
  }

  /** Calls back with names of keys, as `q`, or `ctrl-c`, until the answer is called. */
  onKey(take: (key: string) => void): () => void {
    const { input } = this.#options;
    this.release();
    emitKeypressEvents(input);
    input.setRawMode?.(true);
    const listener = (text: string | undefined, key: { readonly name?: string; readonly ctrl?: boolean }): void =>
      take(key.ctrl === true ? `ctrl-${key.name ?? ""}` : (key.name ?? text ?? ""));
    input.on("keypress", listener);
    input.resume();
    return () => {
      input.off("keypress", listener);
      input.setRawMode?.(false);
      input.pause();
    };
  }

  #open(): Interface {
    const { input, output, history, complete } = this.#options;
    const editor = createInterface({
      input,
      output,
      terminal: true,
      history: history(),
      historySize: HISTORY_SIZE,
      removeHistoryDuplicates: true,
      completer: (line: string) => {
        const { found, part } = complete(line);
        return [[...found], part];
      },
    });
    editor.on("line", (text) => {
      if (this.#answer === null) this.#lines.push(text);
      else this.#answered({ kind: "line", text });
    });
    editor.on("SIGINT", () => {
      output.write("^C\n");
      // The editor would go on with what is in its line.
      this.release();
      this.#answered({ kind: "interrupt" });
    });
    editor.on("close", () => {
      if (this.#editor !== editor) return;
      this.#editor = null;
      this.#isOver = true;
      this.#answered({ kind: "end" });
    });
    this.#editor = editor;
    return editor;
  }

  #answered(line: Line): void {
    const answer = this.#answer;
    this.#answer = null;
    answer?.(line);
  }
}
