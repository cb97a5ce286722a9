/**
 * Owns: the rows of a table of MySQL as a source that ends: its options, its parts and its readers.
 * Not here: what rows become (whoever makes the source).
 *
 * MSO1 A part is one query, read as its rows come: at most `fetchRows` of them wait in memory, and the server waits for them to be taken.
 * MSO2 With a `key` the rows of a part come in its order, and a restored reader goes on behind the last row that it gave: rows of earlier keys may come or go meanwhile. Without
 *      one it reads the part again, and leaves out as many rows as it gave: that is exact as long as the table stays as it is.
 * MSO3 A part's state has its bounds: it is read to its end, whatever parts the job has by then. Its `where` and its key may be others by then. Of rows in the order of the same key the
 *      rest is read by the `where` of now; a part that is begun does not go on by another key, nor, where its rows are counted, by another `where`: which row is next cannot be told.
 */
import type { Readable } from "node:stream";
import { StreamError, systemClock, type Timer } from "../../../base/index.ts";
import type { PollResult, ReaderContext, Source, SourceOutput, SourceReader } from "../../ports/index.ts";
import { NO_TIMESTAMP, t, type ValueType } from "../../record/index.ts";
import { checkNumber, optionInvalid } from "../kit/index.ts";
import { sourceError } from "./mysql-error.ts";
import { checkServer, type CheckedServer, type MySqlServer } from "./options.ts";
import { type Row, Session } from "./session.ts";
import { quotedName } from "./sql-text.ts";
import { checkKeyOrder } from "./table-check.ts";

/** Columns that are unique together and never NULL. */
export type MySqlSourceKey = {
  /** What rows are ordered by: names of the table's columns, in quotes. None is ENUM or SET: their order is not that of their texts. */
  readonly columns: readonly string[];
  /** Of each column what is selected as its text. */
  readonly texts: readonly string[];
  /** A condition for the rows behind the one with these texts. */
  readonly behind: (last: readonly string[]) => string;
};

export type MySqlSourceOptions = {
  readonly server: MySqlServer | string;
  /** `table` or `database.table`. */
  readonly table: string;
  /** What is selected of it. Default `*`. */
  readonly select?: string;
  /** A condition. Default: all rows. */
  readonly where?: string;
  /** Conditions that no row fulfils two of: each is a part that one subtask reads. Default: one part of all rows. */
  readonly parts?: readonly string[];
  /** Default: rows come in the server's order (MSO2). */
  readonly key?: MySqlSourceKey;
  /** Rows of a subtask that wait in memory. Default 1,000. */
  readonly fetchRows?: number;
  /** Default `mysql`. */
  readonly name?: string;
};

/** A part that is not finished. `where`, `by` (the columns of the key): as its rows were read; `last`: the key of the last row that was given; `given`: how many were. */
export type MySqlSplit = {
  readonly id: string;
  readonly part: string;
  readonly where: string;
  readonly by: readonly string[];
  readonly last: readonly string[] | null;
  readonly given: number;
};

const FETCH_ROWS = 1000;
/** A server gives a reader up that takes nothing for so long; otherwise after a minute, for which a job's sink may well be away. */
const WRITE_TIMEOUT_S = 86_400;
const KEY_PREFIX = "$key";
const ALIAS = "t";

/** A bounded source of rows as the client reads them. Errors: OPTION_INVALID; of its readers: SOURCE_FAILED. */
export function mysqlSource(options: MySqlSourceOptions): Source<Row, MySqlSplit> {
  const { name = "mysql", parts = [], fetchRows = FETCH_ROWS } = options;
  const server = checkServer(name, options.server);
  checkNumber(
    name,
    ["fetchRows", fetchRows],
    (rows) => Number.isSafeInteger(rows) && rows >= 1,
    "a whole number from 1",
  );
  if (typeof options.table !== "string" || options.table === "") throw optionInvalid(name, "give a table");
  const bounds = parts.length === 0 ? [""] : parts;
  return {
    kind: "source",
    name,
    boundedness: "bounded",
    type: t.any as ValueType<unknown> as ValueType<Row>,
    discover: () =>
      bounds.map((part, at) => ({ id: `part ${at + 1}`, part, ...readingOf(options), last: null, given: 0 })),
    createReader: (context) => new MySqlReader({ options, server, fetchRows }, context),
  };
}

type Reading = Pick<MySqlSplit, "where" | "by">;

const readingOf = ({ where = "", key }: MySqlSourceOptions): Reading => ({ where, by: key?.columns ?? [] });

const describeReading = ({ where, by }: Reading): string =>
  `${where === "" ? "no condition" : `the condition ${where}`} and ${by.length === 0 ? "no key" : `the key ${by.join(", ")}`}`;

const allOf = (conditions: readonly string[]): string =>
  conditions
    .filter((condition) => condition !== "")
    .map((condition) => `(${condition})`)
    .join(" and ");

type Parts = {
  readonly options: MySqlSourceOptions;
  readonly server: CheckedServer;
  readonly fetchRows: number;
};

class MySqlReader implements SourceReader<Row, MySqlSplit> {
  readonly #parts: Parts;
  readonly #context: ReaderContext<MySqlSplit>;
  readonly #who: string;
  /** The first is the one that is read. */
  readonly #splits: MySqlSplit[];
  #session: Session | null = null;
  #rows: Readable | null = null;
  /** Of the first part, that were given before a restore and come again (MSO2). */
  #repeated = 0;
  #isBusy = false;
  #hasEnded = false;
  #isClosed = false;
  #patience: Timer | null = null;

  constructor(parts: Parts, context: ReaderContext<MySqlSplit>) {
    this.#parts = parts;
    this.#context = context;
    this.#splits = [...context.splits];
    this.#who = `source ${context.name} (subtask ${context.subtask})`;
  }

  open(): void {
    for (const { id } of this.#splits) this.#context.openSplit(id);
  }

  poll(output: SourceOutput<Row>, maxRecords: number): PollResult {
    const [split] = this.#splits;
    if (split === undefined) return "end";
    if (this.#rows === null) {
      if (!this.#isBusy) this.#begin(split);
      return "idle";
    }
    for (let count = 0; count < maxRecords; ) {
      const row = this.#rows.read() as Row | null;
      if (row === null) return this.#hasEnded ? this.#finish(split) : this.#wait();
      if (this.#repeated > 0) {
        this.#repeated -= 1;
        continue;
      }
      this.#give(row, output);
      count += 1;
    }
    return "more";
  }

  snapshot(): readonly MySqlSplit[] {
    return [...this.#splits];
  }

  close(): void {
    this.#isClosed = true;
    this.#patience?.cancel();
    this.#rows?.destroy();
    this.#session?.destroy();
  }

  #give(row: Row, output: SourceOutput<Row>): void {
    const { key } = this.#parts.options;
    const split = this.#splits[0] as MySqlSplit;
    const last = key === undefined ? null : key.columns.map((_, at) => String(row[KEY_PREFIX + at]));
    this.#splits[0] = { ...split, last, given: split.given + 1 };
    output.collect(row, NO_TIMESTAMP);
  }

  #finish({ id }: MySqlSplit): PollResult {
    this.#rows = null;
    this.#splits.shift();
    this.#context.finishSplit(id);
    return this.#splits.length === 0 ? "end" : "more";
  }

  /** A server that says nothing any more counts as lost, by the system's clock, as for other statements (MSE3). */
  #wait(): PollResult {
    const { statementTimeoutMs } = this.#parts.server;
    this.#patience?.cancel();
    this.#patience = systemClock.after(statementTimeoutMs, () =>
      this.#fail("read", new Error(`no row came for statementTimeout (${statementTimeoutMs} ms)`)),
    );
    return "idle";
  }

  #begin(split: MySqlSplit): void {
    this.#isBusy = true;
    this.#context.readSplit(split.id);
    void this.#query(split).catch((error: unknown) => this.#fail("read", error));
  }

  async #query(split: MySqlSplit): Promise<void> {
    const { server, fetchRows, options } = this.#parts;
    const begun = this.#asNow(split);
    this.#splits[0] = begun;
    if (this.#session === null || this.#session.isLost) {
      this.#session = await Session.open(server);
      await this.#session.run(`set session net_write_timeout = ${WRITE_TIMEOUT_S}`);
      const where = { who: this.#who, server };
      if (options.key !== undefined)
        await checkKeyOrder(this.#session, where, { table: options.table, columns: options.key.columns });
    }
    if (this.#isClosed) {
      this.#session.destroy();
      return;
    }
    this.#hasEnded = false;
    this.#repeated = options.key === undefined ? split.given : 0;
    const rows = this.#session.stream(sqlOf(options, begun), fetchRows);
    rows.on("error", (error) => this.#fail("read", error));
    rows.on("readable", () => this.#wake());
    rows.on("end", () => {
      this.#hasEnded = true;
      this.#wake();
    });
    this.#rows = rows;
    this.#isBusy = false;
    this.#wake();
  }

  /** MSO3. Errors: SOURCE_FAILED. */
  #asNow(split: MySqlSplit): MySqlSplit {
    const { options } = this.#parts;
    const now = readingOf(options);
    const isByKey = now.by.join() === split.by.join();
    if (split.given === 0 || (isByKey && (now.by.length > 0 || now.where === split.where))) return { ...split, ...now };
    throw new StreamError(
      "SOURCE_FAILED",
      `${this.#who}: ${split.given} rows of ${split.id} of the table ${options.table} were read with ${describeReading(split)}, and the rest cannot be read with ${describeReading(now)}; take the change back, or start without the source's state`,
      { destiny: "terminal" },
    );
  }

  #wake(): void {
    this.#patience?.cancel();
    this.#context.wake();
  }

  #fail(doing: string, error: unknown): void {
    if (this.#isClosed) return;
    const { server, options } = this.#parts;
    this.#context.fail(sourceError({ who: this.#who, server }, `${doing} the table ${options.table}`, error));
  }
}

/** MSO2 */
function sqlOf({ table, select = "*", key }: MySqlSourceOptions, { part, where, last }: MySqlSplit): string {
  const keys = key?.texts.map((text, at) => `${text} as \`${KEY_PREFIX}${at}\``) ?? [];
  const condition = allOf([where, part, key === undefined || last === null ? "" : key.behind(last)]);
  // Without the table's name a column may be what is selected under its name: a text, ordered as texts are.
  const order = key === undefined ? "" : ` order by ${key.columns.map((column) => `${ALIAS}.${column}`).join(", ")}`;
  const rest = condition === "" ? "" : ` where ${condition}`;
  return `select ${[select, ...keys].join(", ")} from ${quotedName(table)} as ${ALIAS}${rest}${order}`;
}
