/**
 * Owns: the lookup of rows in MySQL for mapAsync, through a pool of connections with a limit.
 *
 * MLK1 At most `connections` statements run at a time; more wait for their turn in order. One that is waited for no longer (its record's time
 *      is up, or the task ends) loses its place, or its connection.
 * MLK2 A connection that was lost is opened again by the next statement that needs one.
 */
import { StreamError } from "../../../base/index.ts";
import type { AsyncFunction, AsyncOpenContext } from "../../ports/index.ts";
import { checkCache, checkNumber, LookupCache, type LookupCacheOptions, optionInvalid } from "../kit/index.ts";
import { lookupError } from "./mysql-error.ts";
import { checkServer, type MySqlServer } from "./options.ts";
import { SessionPool } from "./session-pool.ts";
import { literal, piecesBetweenPlaceholders, ValueUnwritable, valueText } from "./sql-text.ts";
import type { Row } from "./session.ts";

export type MySqlLookupOptions<I, O, R extends Row = Row> = {
  readonly server: MySqlServer | string;
  /** A query with `?` for each of `values`. */
  readonly sql: string;
  readonly values: (value: I) => readonly unknown[];
  /** What is emitted; `rows` is empty when there is none. A BIGINT that a number cannot hold and a DECIMAL are text. */
  readonly join: (value: I, rows: readonly R[]) => O;
  /** Of each subtask, 1 to 100. Default 4. */
  readonly connections?: number;
  /** Default: each record asks the server. */
  readonly cache?: LookupCacheOptions;
  /** Default `mysql`. */
  readonly name?: string;
};

const isEmpty = (rows: readonly Row[]): boolean => rows.length === 0;

type Answers = { readonly pool: SessionPool; readonly cache: LookupCache<readonly Row[]>; readonly who: string };

const CONNECTIONS = 4;
const CONNECTIONS_UPPER = 100;

/** A function for `mapAsync`. Errors: OPTION_INVALID; of its calls: LOOKUP_FAILED. */
export function mysqlLookup<I, O, R extends Row = Row>(
  options: MySqlLookupOptions<I, O, R>,
): AsyncFunction<I, O, unknown> {
  const { name = "mysql", sql, values, join, connections = CONNECTIONS } = options;
  const server = checkServer(name, options.server);
  const cache = checkCache(name, options.cache);
  checkNumber(
    name,
    ["connections", connections],
    (count) => Number.isInteger(count) && count >= 1 && count <= CONNECTIONS_UPPER,
    `a whole number from 1 to ${CONNECTIONS_UPPER}`,
  );
  if (typeof sql !== "string" || typeof values !== "function" || typeof join !== "function")
    throw optionInvalid(name, "give sql, values: (value) => [ … ] and join: (value, rows) => …");
  const pieces = piecesBetweenPlaceholders(sql);
  const filled = (texts: readonly string[]): string => pieces.map((piece, at) => piece + (texts[at] ?? "")).join("");
  return {
    open: async (context: AsyncOpenContext): Promise<Answers> => {
      const who = `lookup ${context.name} (uid ${context.uid}, subtask ${context.subtask})`;
      const pool = new SessionPool(server, connections);
      const check = `prepare streamjob_check from ${literal(filled(pieces.slice(1).map(() => "NULL")))}`;
      try {
        await pool.rows(check);
      } catch (error) {
        pool.close();
        throw lookupError({ who, server }, "prepare the query", error);
      }
      return { pool, cache: new LookupCache(cache, context.clock, isEmpty), who };
    },
    invoke: async (value, { resource, signal }) => {
      const { pool, cache: answers, who } = resource as Answers;
      const query = filled(textsOf(who, values(value), pieces.length - 1));
      const ask = (): Promise<readonly Row[]> =>
        pool.rows(query, signal).catch((error: unknown) => {
          throw lookupError({ who, server }, `run ${query.slice(0, 200)}`, error);
        });
      const rows = await answers.get(query, ask, signal);
      return join(value, rows as readonly R[]);
    },
    close: (resource) => (resource as Answers).pool.close(),
  };
}

function textsOf(who: string, given: readonly unknown[], wanted: number): string[] {
  const refused = (problem: string): StreamError =>
    new StreamError("LOOKUP_FAILED", `${who}: ${problem}`, { destiny: "terminal" });
  if (given.length !== wanted) throw refused(`values gave ${given.length} values, and sql has ${wanted} placeholders`);
  try {
    return given.map((one) => valueText(one));
  } catch (error) {
    if (error instanceof ValueUnwritable) throw refused(error.message);
    throw error;
  }
}
