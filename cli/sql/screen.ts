/**
 * Owns: a result that refreshes in place: the terminal's other screen, drawn anew when something has changed.
 *
 * SCRN1 It is drawn at most ten times a second, however many changes come; the state that the table is left in is drawn, too.
 * SCRN2 The person's own screen comes back as it was, however it ends.
 */
import type { Clock, Timer } from "../../base/index.ts";
import type { PlanRow } from "../../runtime/sql/index.ts";
import { cutTo, tableLines, widthsFor, widthsWithin } from "../../runtime/table/engine.ts";
import type { LiveTable } from "./live-table.ts";

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const DRAW_EVERY_MS = 100;
/** Rules, header, status. */
const OTHER_LINES = 5;

export type ScreenOutput = {
  readonly rows?: number;
  readonly columns?: number;
  write(text: string): unknown;
};

export class Screen {
  readonly #output: ScreenOutput;
  readonly #clock: Clock;
  readonly #row: PlanRow;
  readonly #table: LiveTable;
  #timer: Timer | null = null;
  #status = "";
  #isOpen = false;

  constructor(
    output: ScreenOutput,
    clock: Clock,
    { row, table }: { readonly row: PlanRow; readonly table: LiveTable },
  ) {
    this.#output = output;
    this.#clock = clock;
    this.#row = row;
    this.#table = table;
  }

  open(status: string): void {
    this.#isOpen = true;
    this.#status = status;
    this.#output.write(ENTER);
    this.#draw();
  }

  /** The table has changed, and what is said below it (SCRN1). */
  status(text: string): void {
    this.#status = text;
    if (!this.#isOpen) return;
    this.#timer ??= this.#clock.after(DRAW_EVERY_MS, () => {
      this.#timer = null;
      this.#draw();
    });
  }

  /** SCRN2 */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isOpen) this.#output.write(LEAVE);
    this.#isOpen = false;
  }

  #draw(): void {
    const lines = liveLines(this.#row, this.#table, {
      height: sizeOf(this.#output.rows, 24),
      width: sizeOf(this.#output.columns, 80),
    });
    this.#output.write(
      `${HOME}${[...lines, this.#status].map((line) => `${line}${CLEAR_LINE}`).join("\r\n")}${CLEAR_BELOW}`,
    );
  }
}

/** The last rows that fit. Wide columns are cut, so that all columns are seen; a line that is too wide even then is cut itself. */
export function liveLines(
  row: PlanRow,
  table: LiveTable,
  { height, width }: { readonly height: number; readonly width: number },
): readonly string[] {
  const names = row.map(({ name }) => name);
  const rows = table.rows();
  const shown = rows.slice(Math.max(0, rows.length - Math.max(1, height - OTHER_LINES)));
  const { rule, header, line } = tableLines(names, widthsWithin(widthsFor(names, shown), names, width));
  return [rule, header, rule, ...shown.map(line), rule].map((text) => cutTo(text, width, "…"));
}

/** Of a terminal that does not know it is 0. */
const sizeOf = (size: number | undefined, otherwise: number): number =>
  size === undefined || size === 0 ? otherwise : size;
