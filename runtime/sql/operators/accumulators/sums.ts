/**
 * Owns: SUM, AVG, and the variances and standard deviations.
 *
 * SQOS1 Whole numbers and decimals are exact; whole sums wrap at the width of their type, as in Flink, and decimals beyond 38 digits are NULL.
 * SQOS2 Of no value the result is NULL, also when all were taken back.
 */
import { t, type ValueType } from "../../../record/index.ts";
import type { Accumulator, AccumulatorSite } from "./accumulator.ts";
import { fitted, quotientOf } from "../../casts/decimals.ts";
import { powerOfTen } from "../../functions/decimals.ts";
import { DECIMAL_PRECISION_MAX, type SqlType } from "../../types/sql-type.ts";

type Sum<N> = { sum: N; count: number };

/** Brings a sum into the range of its type. */
const wrapNumber: Partial<Record<SqlType["kind"], (sum: number) => number>> = {
  tinyint: (sum) => (sum << 24) >> 24,
  smallint: (sum) => (sum << 16) >> 16,
  int: (sum) => sum | 0,
  float: Math.fround,
};
/** Null where it has more digits than a DECIMAL. */
const decimalOf = (units: bigint): bigint | null => fitted(units, DECIMAL_PRECISION_MAX);
const wrapBigint = (sum: bigint): bigint => BigInt.asIntN(64, sum);
const asItIs = <N>(sum: N): N => sum;

/** `result`: of a state in which there are values. */
function summing<N extends number | bigint>(
  { type, zero }: { readonly type: ValueType<unknown>; readonly zero: N },
  wrap: (sum: N) => N,
  read: (value: unknown) => N,
  result: (state: Sum<N>) => unknown,
): Accumulator<Sum<N>> {
  const change = (state: Sum<N>, by: N, rows: number): Sum<N> => {
    state.sum = wrap(((state.sum as number) + (by as number)) as N);
    state.count += rows;
    return state;
  };
  return {
    type: t.record({ sum: type, count: t.int64 }) as ValueType<unknown>,
    create: () => ({ sum: zero, count: 0 }),
    add: (state, { value }) => (value === null ? state : change(state, read(value), 1)),
    retract: (state, { value }) => (value === null ? state : change(state, -read(value) as N, -1)),
    merge: (left, right) => change(left, right.sum, right.count),
    result: (state) => (state.count === 0 ? null : result(state)),
  };
}

const numbers = { type: t.float64 as ValueType<unknown>, zero: 0 };
const bigints = { type: t.bigint as ValueType<unknown>, zero: 0n };
const readNumber = (value: unknown): number => value as number;
const readBigint = (value: unknown): bigint => BigInt(value as number | bigint);

export function sum({ result }: AccumulatorSite): Accumulator<never> {
  if (result.kind === "decimal") {
    const type = t.decimal(result.scale) as ValueType<unknown>;
    return summing({ type, zero: 0n }, asItIs, readBigint, (state) => decimalOf(state.sum)) as Accumulator<never>;
  }
  if (result.kind === "bigint")
    return summing(bigints, wrapBigint, readBigint, (state) => state.sum) as Accumulator<never>;
  return summing(numbers, wrapNumber[result.kind] ?? asItIs, readNumber, (state) => state.sum) as Accumulator<never>;
}

export function average({ argument, result }: AccumulatorSite): Accumulator<never> {
  if (argument?.kind === "decimal" && result.kind === "decimal") {
    const type = t.decimal(argument.scale) as ValueType<unknown>;
    return summing({ type, zero: 0n }, asItIs, readBigint, (state) =>
      decimalOf(quotientOf([state.sum, argument.scale], [BigInt(state.count), 0], result.scale)),
    ) as Accumulator<never>;
  }
  if (result.kind === "float" || result.kind === "double") {
    const round = wrapNumber[result.kind] ?? asItIs;
    return summing(numbers, asItIs, readNumber, (state) => round(state.sum / state.count)) as Accumulator<never>;
  }
  return summing(bigints, wrapBigint, readBigint, (state) => {
    const mean = state.sum / BigInt(state.count);
    return result.kind === "bigint" ? mean : Number(mean);
  }) as Accumulator<never>;
}

export type Spread = { readonly isSample: boolean; readonly isRoot: boolean };

/** VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP. */
export function spread(site: AccumulatorSite, of: Spread): Accumulator<never> {
  return (site.result.kind === "float" || site.result.kind === "double"
    ? floatSpread(site.result, of)
    : exactSpread(site, of)) as unknown as Accumulator<never>;
}

type Moments = { count: number; mean: number; squares: number };

/** Welford's: `squares` is the sum of the squared distances from the mean. */
function floatSpread(result: SqlType, { isSample, isRoot }: Spread): Accumulator<Moments> {
  const round = wrapNumber[result.kind] ?? asItIs;
  return {
    type: t.record({ count: t.int64, mean: t.float64, squares: t.float64 }) as ValueType<unknown>,
    create: () => ({ count: 0, mean: 0, squares: 0 }),
    add: (state, { value }) => {
      if (value === null) return state;
      const distance = (value as number) - state.mean;
      state.count += 1;
      state.mean += distance / state.count;
      state.squares += distance * ((value as number) - state.mean);
      return state;
    },
    retract: (state, { value }) => {
      if (value === null) return state;
      if (state.count === 1) return { count: 0, mean: 0, squares: 0 };
      const distance = (value as number) - state.mean;
      state.count -= 1;
      state.mean -= distance / state.count;
      state.squares = Math.max(0, state.squares - distance * ((value as number) - state.mean));
      return state;
    },
    merge: (left, right) => {
      if (right.count === 0) return left;
      const rows = left.count + right.count;
      const distance = right.mean - left.mean;
      left.mean += (distance * right.count) / rows;
      left.squares += right.squares + (distance * distance * left.count * right.count) / rows;
      left.count = rows;
      return left;
    },
    result: ({ count, squares }) => {
      const divisor = isSample ? count - 1 : count;
      if (divisor <= 0) return null;
      const variance = squares / divisor;
      return round(isRoot ? Math.sqrt(variance) : variance);
    },
  };
}

type Powers = { count: number; sum: bigint; squares: bigint };

/** From the sums of the values and of their squares, in smallest units: nothing is rounded before the result. */
function exactSpread({ argument, result }: AccumulatorSite, { isSample, isRoot }: Spread): Accumulator<Powers> {
  const scale = argument?.kind === "decimal" ? argument.scale : 0;
  const resultScale = result.kind === "decimal" ? result.scale : 0;
  const change = (state: Powers, { value }: { readonly value: unknown }, by: 1n | -1n): Powers => {
    if (value === null) return state;
    const units = readBigint(value);
    state.count += Number(by);
    state.sum += by * units;
    state.squares += by * units * units;
    return state;
  };
  return {
    type: t.record({
      count: t.int64,
      sum: t.decimal(scale),
      squares: t.decimal(2 * scale),
    }) as ValueType<unknown>,
    create: () => ({ count: 0, sum: 0n, squares: 0n }),
    add: (state, input) => change(state, input, 1n),
    retract: (state, input) => change(state, input, -1n),
    merge: (left, right) => {
      left.count += right.count;
      left.sum += right.sum;
      left.squares += right.squares;
      return left;
    },
    result: ({ count, sum: total, squares }) => {
      const divisor = isSample ? count - 1 : count;
      if (divisor <= 0) return null;
      const rows = BigInt(count);
      // The variance is `above / below`.
      const above = rows * squares - total * total;
      const below = rows * BigInt(divisor) * powerOfTen(2 * scale);
      const units = isRoot
        ? squareRoot((above * powerOfTen(2 * resultScale)) / below)
        : (above * powerOfTen(resultScale)) / below;
      if (result.kind === "decimal") return decimalOf(units);
      return result.kind === "bigint" ? wrapBigint(units) : Number(units);
    },
  };
}

/** The greatest whole number whose square is not above it. */
function squareRoot(square: bigint): bigint {
  if (square < 2n) return square;
  // Newton's, from above.
  let root = 1n << BigInt((square.toString(2).length >> 1) + 1);
  for (let next = (root + square / root) >> 1n; next < root; next = (root + square / root) >> 1n) root = next;
  return root;
}
