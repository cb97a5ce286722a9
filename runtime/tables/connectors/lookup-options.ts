/**
 * Owns: the options of tables that are asked for single rows: the cache of answers, and how often a call is made again.
 */
import type { MySqlLookupOptions } from "../../connectors/mysql/index.ts";
import type { OptionRow } from "../options/option-row.ts";
import type { TableOptions } from "../options/table-options.ts";

/** The same for all connectors. */
type LookupCacheOptions = NonNullable<MySqlLookupOptions<never, never>["cache"]>;

const CACHE = "lookup.cache";
const PARTIAL = "lookup.partial-cache.";
const RETRIES = "lookup.max-retries";

export const lookupRows: readonly OptionRow[] = [
  {
    name: CACHE,
    kind: ["NONE", "PARTIAL"],
    default: "NONE",
    meaning:
      "`PARTIAL`: answers are kept by each subtask, and what changes outside in the meantime is not seen; rows that want the same at a time share one call with both",
  },
  {
    name: `${PARTIAL}max-rows`,
    kind: "whole number",
    meaning: "keys that are kept at most; the one that was not asked for longest goes first",
  },
  { name: `${PARTIAL}expire-after-write`, kind: "duration", meaning: "how long an answer is kept, from its call on" },
  {
    name: `${PARTIAL}expire-after-access`,
    kind: "duration",
    meaning: "how long it is kept since it was asked for last",
  },
  {
    name: `${PARTIAL}cache-missing-key`,
    kind: "boolean",
    default: "true",
    meaning: "whether it is kept that a key has no row",
  },
  {
    name: RETRIES,
    kind: "whole number",
    default: "3",
    meaning:
      "how often a call that failed is made again, where that may help, after 1 s, 2 s, 4 s, …; then the job fails, and its restart strategy decides",
  },
  {
    name: "lookup.cache.max-rows",
    kind: "whole number",
    meaning: "",
    instead: `Write '${CACHE}' = 'PARTIAL' and '${PARTIAL}max-rows'.`,
  },
  {
    name: "lookup.cache.ttl",
    kind: "duration",
    meaning: "",
    instead: `Write '${CACHE}' = 'PARTIAL' and '${PARTIAL}expire-after-write'.`,
  },
  {
    name: "lookup.cache.caching-missing-key",
    kind: "boolean",
    meaning: "",
    instead: `Write '${PARTIAL}cache-missing-key'.`,
  },
  {
    name: "lookup.full-cache.*",
    kind: "text",
    meaning: "",
    instead: `Write '${CACHE}' = 'PARTIAL'; tables of files are kept whole.`,
  },
];

const SIZE_MAX = Number.MAX_SAFE_INTEGER;

/** Undefined: no answer is kept. Errors: TableError. */
export function lookupCache(options: TableOptions): LookupCacheOptions | undefined {
  const limits = [`${PARTIAL}max-rows`, `${PARTIAL}expire-after-write`, `${PARTIAL}expire-after-access`];
  if (options.given(CACHE) === "NONE") {
    const unused = [...limits, `${PARTIAL}cache-missing-key`].find((name) => options.isSet(name));
    if (unused === undefined) return undefined;
    throw options.refuse(unused, `'${unused}' is of a cache, and the table has none`, `Add '${CACHE}' = 'PARTIAL'.`);
  }
  if (!limits.some((name) => options.isSet(name)))
    throw options.refuse(
      CACHE,
      "the cache has no limit",
      `Add '${PARTIAL}max-rows', or one of the others: ${limits.slice(1).join(", ")}.`,
    );
  const [rows, write, access] = limits as [string, string, string];
  const size = options.number(rows);
  if (size !== undefined && size < 1)
    throw options.refuse(rows, `'${rows}' is ${size}`, "Write a whole number from 1.");
  const [ttl, idle] = [options.milliseconds(write), options.milliseconds(access)];
  return {
    size: size ?? SIZE_MAX,
    keepsMissing: options.boolean(`${PARTIAL}cache-missing-key`),
    ...(ttl === undefined ? {} : { ttl }),
    ...(idle === undefined ? {} : { idle }),
  };
}

/** Errors: TableError. */
export function lookupRetries(options: TableOptions): number {
  const retries = options.number(RETRIES) ?? 0;
  if (retries < 0) throw options.refuse(RETRIES, `'${RETRIES}' is ${retries}`, "Write a whole number from 0.");
  return retries;
}
