/**
 * Owns: the order of two values of one type, as rows have them.
 *
 * SQRO1 Texts are ordered by code points, as their UTF-8 bytes are; NaN is the greatest number; FALSE comes before TRUE.
 */
import { StreamError } from "../../../base/index.ts";
import type { SqlType } from "../types/sql-type.ts";
import { typeText } from "../types/sql-type.ts";
import { rowText } from "./sql-row.ts";

/** Below zero: the first one comes first. Of values that are not NULL. */
export type Compare = (left: unknown, right: unknown) => number;

const SURROGATE_FIRST = 0xd800;
const SURROGATE_END = 0xe000;

/** Errors: JOB_GRAPH_INVALID: values of the type have no order. */
export function valueOrder(type: SqlType): Compare {
  switch (type.kind) {
    case "char":
    case "varchar":
      return (left, right) => compareTexts(left as string, right as string);
    case "float":
    case "double":
      return (left, right) => compareNumbers(left as number, right as number);
    case "date":
      return (left, right) => compareNumbers((left as Date).getTime(), (right as Date).getTime());
    case "binary":
    case "varbinary":
      return (left, right) => Buffer.compare(left as Uint8Array, right as Uint8Array);
    case "array":
    case "multiset":
    case "map":
    case "row":
      throw new StreamError(
        "JOB_GRAPH_INVALID",
        `values of type ${typeText(type)} have no order; compare one of their parts`,
        { destiny: "terminal" },
      );
    default:
      return (left, right) => {
        if (left === right) return 0;
        return (left as number) < (right as number) ? -1 : 1;
      };
  }
}

/** The same, and some order of values that have none: those that are equal are equal in it (SQJR2). */
export function anyOrder(type: SqlType): Compare {
  switch (type.kind) {
    case "array":
    case "multiset":
    case "map":
    case "row":
      return (left, right) => compareTexts(rowText({ value: left }, ["value"]), rowText({ value: right }, ["value"]));
    default:
      return valueOrder(type);
  }
}

function compareNumbers(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
}

/** UTF-16 has surrogates below some units that are lower code points. */
export function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const one = left.charCodeAt(at);
    const other = right.charCodeAt(at);
    if (one === other) continue;
    const isOnePair = one >= SURROGATE_FIRST && one < SURROGATE_END;
    const isOtherPair = other >= SURROGATE_FIRST && other < SURROGATE_END;
    if (isOnePair !== isOtherPair) return isOnePair ? 1 : -1;
    return one - other;
  }
  return left.length - right.length;
}
