/**
 * Owns: functions that choose one of their arguments, and questions about texts.
 *
 * SQUH1 All arguments are worked out before one is chosen here; who compiles IF, COALESCE and IFNULL works out what is needed only.
 */
import { assert } from "../../../base/index.ts";
import { commonType } from "../types/common-type.ts";
import { type SqlType, typeText } from "../types/sql-type.ts";
import type { OperandType } from "../types/type-families.ts";
import { nullAware } from "./implementations.ts";
import type { CallSite, ScalarFactory } from "./scalar-implementation.ts";
import { toCommonType } from "./common-value.ts";
import { equalityOf, orderOf } from "./value-equality.ts";

type Conversion = ReturnType<typeof toCommonType>;

const conversions = ({ arguments: types, result, session }: CallSite): readonly Conversion[] =>
  types.map((type) => toCommonType(type, result, session.timeZone));

const firstPresent: ScalarFactory = (site) => {
  const converted = conversions(site);
  return {
    takesNulls: true,
    call: (...values: readonly unknown[]) => {
      const index = values.findIndex((value) => value !== null);
      return index < 0 ? null : converted[index]?.(values[index]);
    },
  };
};

const extreme =
  (isBetter: (order: number) => boolean): ScalarFactory =>
  (site) => {
    const [converted, order] = [conversions(site), orderOf(site.result)];
    return {
      takesNulls: false,
      call: (...values: readonly unknown[]) => {
        let best: unknown;
        for (const [index, value] of values.entries()) {
          const candidate = converted[index]?.(value);
          if (index === 0 || isBetter(order(candidate, best))) best = candidate;
        }
        return best;
      },
    };
  };

const nullIf: ScalarFactory = ({ arguments: types, session: { timeZone } }) => {
  const [first, second] = types;
  const common = commonType(types);
  if (first === undefined || second === undefined || common.kind === "refused")
    return { takesNulls: true, call: (value: unknown) => value };
  const [left, right] = [toCommonType(first, common, timeZone), toCommonType(second, common, timeZone)];
  const isSame = equalityOf(common);
  return {
    takesNulls: true,
    call: (value: unknown, other: unknown) =>
      value !== null && other !== null && isSame(left(value), right(other)) ? null : value,
  };
};

const choice: ScalarFactory = ({ arguments: [, first, second], result, session: { timeZone } }) => {
  const conversion = (type: OperandType | undefined): Conversion =>
    toCommonType(type ?? { kind: "null", isNullable: true }, result, timeZone);
  const [whenTrue, otherwise] = [conversion(first), conversion(second)];
  return {
    takesNulls: true,
    call: (condition: boolean | null, yes: unknown, no: unknown) =>
      condition === true ? whenTrue(yes) : otherwise(no),
  };
};

const typeOf: ScalarFactory = ({ arguments: [type] }) => {
  assert(type !== undefined, "TYPEOF has an argument");
  const text = type.kind === "null" ? "NULL" : typeText(type satisfies SqlType);
  return { takesNulls: true, call: () => text };
};

/** FALSE of NULL, as in Flink. */
const matches = (pattern: RegExp): ScalarFactory =>
  nullAware((text: string | null) => text !== null && pattern.test(text));

export const choiceFunctions: Readonly<Record<string, ScalarFactory>> = {
  COALESCE: firstPresent,
  IFNULL: firstPresent,
  NULLIF: nullIf,
  IF: choice,
  GREATEST: extreme((order) => order > 0),
  LEAST: extreme((order) => order < 0),
  IS_ALPHA: matches(/^\p{L}+$/u),
  IS_DIGIT: matches(/^\p{Nd}+$/u),
  IS_DECIMAL: matches(/^\s*[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)\s*$/),
  TYPEOF: typeOf,
};
