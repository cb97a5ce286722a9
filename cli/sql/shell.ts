/**
 * Owns: `streamjob sql` at a terminal: statements are read, looked at and run, one after the other, and a mistake ends none of it.
 * Does not own: lines (line-input.ts), the screen of a result that changes (screen.ts), jobs (query-run.ts).
 *
 * SHL1 A statement counts for those behind it when nothing was wrong with it; what its job came to does not matter.
 * SHL2 Ctrl-C at the prompt drops what was typed of a statement; while something runs it ends that, as q does; the session goes on.
 * SHL3 A signal ends the session: what runs is cancelled, and the terminal is as it was. A second one does not wait for that, nor does the first one where a
 *     statement is only looked at, as its modules may never have been loaded.
 */
import { constants } from "node:os";
import { StreamError } from "../../base/index.ts";
import type { Catalog } from "../../runtime/sql/index.ts";
import type { LookedStatement, ScriptSession } from "../../runtime/table/engine.ts";
import type { Signals } from "../terminal/signals.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { clientWordOf, type ClientWord, HELP, RESULT_MODE_KEY, type ResultMode, resultModes } from "./client-words.ts";
import { completionsOf } from "./completion.ts";
import type { History } from "./history.ts";
import { LineInput, type TerminalInput } from "./line-input.ts";
import { LiveTable } from "./live-table.ts";
import type { QueryRun, RunQuery } from "./query-run.ts";
import { type ResultShape, wholeTable } from "./result-format.ts";
import { Screen, type ScreenOutput } from "./screen.ts";
import { StatementReader } from "./statement-reader.ts";
import { isInsert, runStatement, shapeOf, writeAnswer } from "./statement-run.ts";

export type ShellPlace = {
  readonly terminal: Terminal;
  readonly session: ScriptSession;
  readonly runQuery: RunQuery;
  readonly history: History;
  /** Its listener is the shell's. */
  readonly signals: Signals;
  readonly input: TerminalInput;
  readonly output: NodeJS.WritableStream & ScreenOutput;
};

const PROMPT = "sql> ";
const MORE_PROMPT = "   > ";
/** Of a result that has ended, on the person's own screen. */
const PRINTED_ROWS_MAX = 1000;
const CLEAR_SCREEN = "\u001b[H\u001b[2J";

export class Shell {
  readonly #place: ShellPlace;
  readonly #lines: LineInput;
  readonly #reader = new StatementReader();
  readonly #ended = Promise.withResolvers<null>();
  #screen: Screen | null = null;
  /** Ends what runs. */
  #stop: (() => void) | null = null;
  #catalog: Catalog | null = null;
  #resultMode: ResultMode = "table";

  constructor(place: ShellPlace) {
    this.#place = place;
    const { input, output, history } = place;
    this.#lines = new LineInput({
      input,
      output,
      history: () => history.newestFirst,
      complete: (line) => completionsOf(line, this.#catalog),
    });
  }

  /** Until QUIT, the end of the input, or a signal. */
  async run(): Promise<ExitCode> {
    const { signals } = this.#place;
    signals.onSignal = (count) => this.#interrupt(count > 1);
    await Promise.race([this.#session(), this.#ended.promise]);
    this.#screen?.close();
    this.#lines.release();
    const { received } = signals;
    return received === null ? 0 : 128 + constants.signals[received];
  }

  /** SHL3 */
  #interrupt(isAgain: boolean): void {
    if (this.#stop === null || isAgain) this.#ended.resolve(null);
    else this.#stop();
  }

  async #session(): Promise<void> {
    const { terminal, signals } = this.#place;
    terminal.out("StreamJob SQL. Statements end with a semicolon; HELP shows what there is, QUIT ends.");
    for (;;) {
      if (signals.received !== null) break;
      const isBegun = this.#reader.rest !== null;
      const line = await this.#lines.read(isBegun ? MORE_PROMPT : PROMPT);
      if (line.kind === "end") break;
      if (line.kind === "interrupt") {
        this.#reader.clear();
        continue;
      }
      const bare = isBegun ? null : clientWordOf(line.text);
      if (bare !== null && bare.kind !== "setting") {
        if (bare.kind === "quit") break;
        this.#say(bare);
        continue;
      }
      if (await this.#take(`${line.text}\n`)) break;
    }
  }

  /** True: QUIT was among the statements, or a signal has come. */
  async #take(text: string): Promise<boolean> {
    for (const statement of this.#reader.push(text)) {
      this.#place.history.add(`${statement}${statement.includes("--") ? "\n" : ""};`);
      // The editor has the history as it was.
      this.#lines.release();
      const word = clientWordOf(statement);
      if (word?.kind === "quit") return true;
      if (word === null) await this.#statement(statement);
      else this.#say(word);
      if (this.#place.signals.received !== null) return true;
    }
    return false;
  }

  #say(word: ClientWord): void {
    const { terminal, output } = this.#place;
    if (word.kind === "help") terminal.out(HELP);
    if (word.kind === "clear") output.write(CLEAR_SCREEN);
    if (word.kind !== "setting") return;
    if (word.key !== RESULT_MODE_KEY) {
      this.#fail(`there is no option '${word.key}': the shell has '${RESULT_MODE_KEY}'`);
      return;
    }
    const mode = resultModes.find((each) => each === (word.value ?? "table").toLowerCase());
    if (mode === undefined) this.#fail(`'${word.value}' is no mode of results: write ${resultModes.join(" or ")}`);
    else {
      this.#resultMode = mode;
      terminal.out("OK");
    }
  }

  /** SHL1 */
  async #statement(statement: string): Promise<void> {
    const { session } = this.#place;
    try {
      const looked = await session.look(statement);
      if (looked === null) return;
      session.keep(looked);
      this.#catalog = looked.catalog;
      await this.#run(looked);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#fail(error.message);
    }
  }

  async #run(looked: LookedStatement): Promise<void> {
    const { terminal, runQuery } = this.#place;
    const place = { terminal, runQuery, format: "table" as const, onRun: () => {} };
    if (writeAnswer(looked, place)) return;
    const shape = shapeOf(looked);
    if (shape !== null && !shape.isWhole && this.#resultMode === "table") await this.#live(looked, shape);
    else if (shape !== null || isInsert(looked)) await this.#printed(looked, shape);
    else terminal.out("OK");
  }

  /** Rows, changes or a job's story, on the person's own screen. */
  async #printed(looked: LookedStatement, shape: ResultShape | null): Promise<void> {
    const { terminal, runQuery } = this.#place;
    await this.#stoppable(async (onRun, wasStopped) => {
      const error = await runStatement(looked, { terminal, runQuery, format: "table", onRun });
      if (error !== null) this.#fail(error.message);
      else if (shape === null) terminal.out(wasStopped() ? "Cancelled" : "OK");
    });
  }

  async #live(looked: LookedStatement, { row }: ResultShape): Promise<void> {
    const { terminal, runQuery, output } = this.#place;
    const table = new LiveTable();
    const screen = new Screen(output, terminal.clock, { row, table });
    let error: Error | null = null;
    this.#screen = screen;
    await this.#stoppable(async (onRun) => {
      screen.open("The job is starting; q ends it.");
      try {
        const run = await runQuery(looked, {
          onChange: (change) => {
            table.take(change);
            screen.status(statusOf(table));
          },
          // The screen is the result's.
          onLine: () => {},
          say: () => {},
          colors: terminal.colors,
        });
        onRun(run);
        error = await run.whenOver;
      } finally {
        screen.close();
      }
    });
    this.#last(
      row.map(({ name }) => name),
      table,
    );
    if (error !== null) this.#fail((error as Error).message);
  }

  /** What the screen had, so that it is there when one scrolls back. */
  #last(names: readonly string[], table: LiveTable): void {
    const { terminal } = this.#place;
    const rows = table.rows();
    const shown = rows.slice(Math.max(0, rows.length - PRINTED_ROWS_MAX));
    const lines = wholeTable(names, shown);
    for (const line of shown.length === rows.length ? lines : lines.slice(0, -1)) terminal.out(line);
    if (shown.length < rows.length) terminal.out(`The last ${shown.length} of ${rows.length} rows`);
  }

  /** SHL2 */
  async #stoppable(work: (onRun: (run: QueryRun) => void, wasStopped: () => boolean) => Promise<void>): Promise<void> {
    let running: QueryRun | null = null;
    let isAsked = false;
    const stop = (): void => {
      isAsked = true;
      void running?.stop();
    };
    this.#stop = stop;
    const release = this.#lines.onKey((key) => {
      if (key === "q" || key === "ctrl-c") stop();
    });
    try {
      await work(
        (run) => {
          running = run;
          if (isAsked) void run.stop();
        },
        () => isAsked,
      );
    } finally {
      this.#stop = null;
      release();
    }
  }

  #fail(message: string): void {
    const { terminal } = this.#place;
    terminal.say(terminal.colors.red(message));
  }
}

function statusOf(table: LiveTable): string {
  const { size, changes, dropped } = table;
  const rows = `${size} ${size === 1 ? "row" : "rows"}, ${changes} ${changes === 1 ? "change" : "changes"}`;
  return `${rows}${dropped === 0 ? "" : `, ${dropped} rows let go`}; q ends it.`;
}
