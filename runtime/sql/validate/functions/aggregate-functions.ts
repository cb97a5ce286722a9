/**
 * Owns: the aggregate functions, and those that need OVER, as data. How signatures are written: signature.ts. Names and meanings are Flink's.
 */
import type { FunctionRow } from "./function-table.ts";

const plain: readonly FunctionRow[] = [
  ["COUNT", "any* -> BIGINT!", "the number of rows; with arguments, of rows where none of them is NULL"],
  ["SUM", "numeric -> sum", "the sum"],
  ["AVG", "numeric -> avg", "the mean; of whole numbers a whole number"],
  ["MIN", "any -> $1", "the least value"],
  ["MAX", "any -> $1", "the greatest value"],
  ["STDDEV_POP", "numeric -> avg", "the standard deviation of all"],
  ["STDDEV_SAMP", "numeric -> avg?", "the standard deviation of a sample"],
  ["STDDEV", "numeric -> avg?", "the standard deviation of a sample"],
  ["VAR_POP", "numeric -> avg", "the variance of all"],
  ["VAR_SAMP", "numeric -> avg?", "the variance of a sample"],
  ["VARIANCE", "numeric -> avg?", "the variance of a sample"],
  ["LISTAGG", "text, text? -> STRING", "the texts, with a separator (a comma) between them"],
  ["FIRST_VALUE", "any, any? -> $1", "the first value"],
  ["LAST_VALUE", "any, any? -> $1", "the last value"],
  ["COLLECT", "any -> multiset!", "all values"],
  ["ARRAY_AGG", "any -> array", "all values, as an array"],
  ["APPROX_COUNT_DISTINCT", "any -> BIGINT!", "about how many different values there are"],
];

const ranking: readonly FunctionRow[] = [
  ["ROW_NUMBER", "-> BIGINT!", "the place of the row in the order, from 1"],
  ["RANK", "-> BIGINT!", "1 and the number of rows ahead; equals have the same"],
  ["DENSE_RANK", "-> BIGINT!", "1 and the number of different values ahead"],
  ["PERCENT_RANK", "-> DOUBLE!", "the rank, from 0 to 1"],
  ["CUME_DIST", "-> DOUBLE!", "the part of rows up to this one"],
  ["NTILE", "integer -> BIGINT!", "the number of the bucket that the row is in"],
  ["LAG", "any, integer?, any? -> $1?", "the value some rows earlier"],
  ["LEAD", "any, integer?, any? -> $1?", "the value some rows later"],
  ["NTH_VALUE", "any, integer -> $1?", "the value at a place of the frame"],
];

export const aggregateFunctions = { plain, ranking } as const;
