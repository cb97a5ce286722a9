/**
 * Owns: SQL in a job module: streams as tables, statements, queries.
 *
 * TENV1 Statements are looked at in the order of the calls, each with the tables that came before it: streams, and what CREATE has made.
 */
import { type Duration, parseDuration, StreamError, systemClock, systemRandom } from "../../base/index.ts";
import type { DataStream, StreamEnvironment } from "../api/index.ts";
import {
  boundFunction,
  type FunctionDefinition,
  type GivenFunction,
  type GivenTable,
  isBuiltIn,
  isFunctionDefinition,
  type PlanMode,
  type ScriptWorld,
} from "../sql/index.ts";
import { givenTableOf, type TableOptions } from "./given-stream.ts";
import { type LookupSettings, lookupSettingsOf } from "./lookup-settings.ts";
import { offerRows } from "./observed-rows.ts";
import { sinkStream } from "./plan-ends.ts";
import { PlanStreams } from "./plan-streams.ts";
import { type DeclaredRows, tablesOf } from "./row-declarations.ts";
import { type Plan, ScriptPlans } from "./script-plan.ts";
import { Table } from "./table.ts";

export type TableEnvironmentOptions = {
  /** `batch`: all inputs are bounded, and only final results come out. Default `streaming`. */
  readonly mode?: PlanMode;
  /** Where instants become dates and times, as in `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string;
  /** What changes in a group leaves once for each mini-batch. Default: row by row. */
  readonly miniBatch?: MiniBatchOptions;
};

export type MiniBatchOptions = {
  /** How long a change waits at most; above 0. */
  readonly allowLatency: Duration;
  /** How many rows a mini-batch of a subtask has at most; from 1. */
  readonly size: number;
};

const OPTION_NAMES: readonly string[] = ["mode", "timeZone", "miniBatch"] satisfies (keyof TableEnvironmentOptions)[];

/** SQL for a job. Errors: OPTION_UNKNOWN, OPTION_INVALID. */
export function tableEnvironment(env: StreamEnvironment, options: TableEnvironmentOptions = {}): TableEnvironment {
  return new TableEnvironment(env, options);
}

/**
 * The rows of queries, by the text of the query: `streamjob sql --declarations job.ts` writes them, so that `sql` knows the rows of a query that stands in the code as it is.
 * Empty without such a file.
 */
export interface QueryRows {}

export class TableEnvironment {
  readonly #plans: ScriptPlans;
  readonly #tables: GivenTable[] = [];
  readonly #functions: GivenFunction[] = [];
  readonly #given = new Map<string, DataStream<unknown>>();
  readonly #streams: PlanStreams;
  readonly #queries: DeclaredRows["queries"][number][] = [];
  #lookups: LookupSettings = lookupSettingsOf(new Map());

  /** @internal Use tableEnvironment. */
  constructor(env: StreamEnvironment, options: TableEnvironmentOptions) {
    const unknown = Object.keys(options).find((option) => !OPTION_NAMES.includes(option));
    if (unknown !== undefined)
      throw new StreamError(
        "OPTION_UNKNOWN",
        `tableEnvironment: there is no option ${unknown}. There are ${OPTION_NAMES.join(", ")}.`,
        {
          destiny: "terminal",
        },
      );
    const { mode = "streaming", timeZone = "UTC", miniBatch } = options;
    if (mode !== "streaming" && mode !== "batch")
      throw invalid(`mode is ${JSON.stringify(mode)}; say "streaming" or "batch"`);
    const settings: Readonly<Record<string, string>> = {
      "execution.runtime-mode": mode,
      "table.local-time-zone": timeZone,
      ...(miniBatch === undefined ? {} : miniBatchSettings(miniBatch)),
    };
    const statements = Object.entries(settings).map(
      ([key, value]) => `SET '${key}' = '${value.replaceAll("'", "''")}';\n`,
    );
    this.#plans = new ScriptPlans(statements.join(""));
    const session = { timeZone, clock: systemClock, random: systemRandom };
    this.#streams = new PlanStreams({ env, session, mode, given: this.#given, lookups: () => this.#lookups });
    offerRows(() => this.#rows());
  }

  /** A stream as a table of that name, for the queries that follow. Errors: JOB_GRAPH_INVALID, OPTION_UNKNOWN. */
  table<T extends object>(name: string, stream: DataStream<T>, options: TableOptions = {}): void {
    if (this.#given.has(name))
      throw new StreamError("JOB_GRAPH_INVALID", `table ${name}: there is a table of that name; choose another one`, {
        destiny: "terminal",
      });
    const given = stream as unknown as DataStream<unknown>;
    this.#tables.push(givenTableOf(name, given, options));
    this.#given.set(name, given);
  }

  /** A function of that name, for the queries that follow. Errors: JOB_GRAPH_INVALID. */
  createFunction(name: string, definition: FunctionDefinition): void {
    if (!isFunctionDefinition(definition))
      throw refused(name, "it is made with scalarFunction, tableFunction or aggregateFunction");
    if (isBuiltIn(name)) throw refused(name, "there is a built-in function of that name; choose another one");
    if (this.#functions.some((each) => each.name.toLowerCase() === name.toLowerCase()))
      throw refused(name, "there is a function of that name; choose another one");
    const given = { name, origin: `createFunction ${this.#functions.length + 1}`, definition };
    const bound = boundFunction(name, given);
    if (bound.kind === "refused") throw refused(name, `${bound.reason}. ${bound.remedy}`);
    this.#functions.push(given);
  }

  /**
   * The result of one query: SELECT, WITH, VALUES. Its rows are those that were declared for this text (QueryRows), or what the call says; nothing checks that. Errors:
   * SQL_INVALID; of its tables' options OPTION_INVALID.
   */
  sql<Q extends keyof QueryRows>(query: Q): Table<QueryRows[Q]>;
  sql<R = Record<string, unknown>>(query: string): Table<R>;
  sql(query: string): Table<unknown> {
    const { queries, sinks } = this.#plan(query);
    const [first, ...others] = queries;
    if (first === undefined || others.length > 0 || sinks.length > 0)
      throw new StreamError(
        "SQL_INVALID",
        "sql() takes one query, and gives its result. Use execute() for other statements.",
        {
          destiny: "terminal",
        },
      );
    this.#queries.push({ text: query, columns: first.input.row });
    return new Table(first.input, this.#streams);
  }

  /**
   * Statements, separated by semicolons: CREATE, ALTER and DROP, SET, and INSERT INTO, which becomes a part of the job. Errors: SQL_INVALID; of tables' options
   * OPTION_INVALID.
   */
  execute(script: string): void {
    const { queries, sinks } = this.#plan(script);
    if (queries.length > 0)
      throw new StreamError(
        "SQL_INVALID",
        "execute() gives no results: take those of a query by sql(), or write INSERT INTO.",
        {
          destiny: "terminal",
        },
      );
    for (const sink of sinks) sinkStream(sink, this.#streams.streamOf(sink.input));
  }

  get #world(): ScriptWorld {
    return { tables: this.#tables, functions: this.#functions };
  }

  #rows(): DeclaredRows {
    return { tables: tablesOf(this.#plans.catalog(this.#world)), queries: this.#queries };
  }

  #plan(text: string): Plan {
    const plan = this.#plans.plan(text, "sql", this.#world);
    this.#lookups = lookupSettingsOf(plan.settings);
    return plan;
  }
}

const refused = (name: string, why: string): StreamError =>
  new StreamError("JOB_GRAPH_INVALID", `the function ${name}: ${why}`, { destiny: "terminal" });

const invalid = (what: string): StreamError =>
  new StreamError("OPTION_INVALID", `tableEnvironment: ${what}`, { destiny: "terminal" });

/** Errors: OPTION_INVALID. */
function miniBatchSettings({ allowLatency, size }: MiniBatchOptions): Readonly<Record<string, string>> {
  const parsed = parseDuration(allowLatency);
  if (parsed.kind !== "duration") throw invalid(`miniBatch.allowLatency: ${parsed.problem}`);
  if (parsed.ms <= 0) throw invalid(`miniBatch.allowLatency is ${allowLatency}; say a duration above 0`);
  if (!Number.isSafeInteger(size) || size < 1)
    throw invalid(`miniBatch.size is ${JSON.stringify(size)}; say a whole number from 1`);
  return {
    "table.exec.mini-batch.enabled": "true",
    "table.exec.mini-batch.allow-latency": `${parsed.ms} ms`,
    "table.exec.mini-batch.size": String(size),
  };
}
