/**
 * Owns: JSON_ARRAYAGG and JSON_OBJECTAGG.
 *
 * SQOJ1 Of no rows they are `[]` and `{}`. Of a key that is there twice the last value counts, at the place of the first.
 */
import { failExpression } from "../../functions/implementations.ts";
import { jsonText } from "../../functions/json/json-text.ts";
import type { SqlType } from "../../types/sql-type.ts";
import type { Accumulator, AccumulatorSite } from "./accumulator.ts";
import { keeping } from "./gathered.ts";

export function jsonArray(site: AccumulatorSite): Accumulator<never> {
  const write = jsonText(site.argument as SqlType);
  return keeping(site, {
    takes: ({ value }) => value !== null || !site.ignoresNulls,
    result: (items) => `[${items.map(({ value }) => write(value)).join(",")}]`,
    ofNone: "[]",
  });
}

/** The first argument is the key, the second the value. */
export function jsonObject(site: AccumulatorSite): Accumulator<never> {
  const write = jsonText(site.second as SqlType);
  return keeping(site, {
    takes: ({ value, second }) => {
      if (value === null)
        failExpression(
          "A key of JSON_OBJECTAGG is NULL",
          "Give it a text: COALESCE(key, 'none'), or leave such rows out.",
        );
      return second !== null || !site.ignoresNulls;
    },
    result: (items) => {
      const members = new Map(items.map(({ value, second }) => [String(value), write(second)]));
      return `{${Array.from(members, ([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
    },
    ofNone: "{}",
  });
}
