import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Clock, seededRandom, StreamError } from "../../../base/index.ts";
import { describeType, findMisfit } from "../../record/index.ts";
import { columnTypeOf } from "../rows/row-type.ts";
import { type SqlType, typeText } from "../types/sql-type.ts";
import { type ArgumentType, matchSignature, type Signature } from "../validate/functions/signature.ts";
import { builtInFunctions } from "../validate/functions/function-table.ts";
import { scalarFunction } from "./scalar-function.ts";

const clock = { nowMs: () => 1_769_902_205_678 } as Clock;

type Argument = { readonly type: SqlType; readonly values: fc.Arbitrary<unknown> };

const isNullable = true;
const text: Argument = {
  type: { kind: "varchar", isNullable, length: 2_147_483_647 },
  values: fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "2026-01-31 10:00:00.123",
      "12.5",
      "%Y",
      "yyyy-MM-dd",
      "$.a[*]",
      "(a+)+$",
      "\uD83D",
      "UTC",
      "UTF-8",
      "[1]",
      "http://h/p?q=1#r",
    ),
  ),
};

/** Also those at the ends, where sums and products go over. */
const integers = (bits: number): fc.Arbitrary<bigint> => {
  const end = 2n ** BigInt(bits - 1);
  return fc.oneof(
    fc.bigInt({ min: -40n, max: 40n }),
    fc.constantFrom(-end, end - 1n),
    fc.bigInt({ min: -end, max: end - 1n }),
  );
};
const small = (kind: "tinyint" | "smallint" | "int", bits: number): Argument => ({
  type: { kind, isNullable },
  values: integers(bits).map(Number),
});
const whole: readonly Argument[] = [
  small("tinyint", 8),
  small("smallint", 16),
  small("int", 32),
  { type: { kind: "bigint", isNullable }, values: integers(64) },
];
const decimal = (precision: number, scale: number): Argument => ({
  type: { kind: "decimal", isNullable, precision, scale },
  values: fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }),
});
const numbers: readonly Argument[] = [
  ...whole,
  decimal(4, 2),
  decimal(38, 18),
  { type: { kind: "double", isNullable }, values: fc.double() },
  { type: { kind: "float", isNullable }, values: fc.float() },
];

/** From about the year 1 to 9999. */
const instants = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
const fine = instants.chain((ms) => fc.nat(999_999).map((nanos) => BigInt(ms) * 1_000_000n + BigInt(nanos)));
const days = instants.map((ms) => Math.floor(ms / 86_400_000) * 86_400_000);
const moments: readonly Argument[] = [
  { type: { kind: "date", isNullable }, values: days },
  { type: { kind: "timestamp", isNullable, precision: 3 }, values: instants },
  { type: { kind: "timestamp", isNullable, precision: 9 }, values: fine },
  { type: { kind: "timestamp_ltz", isNullable, precision: 3 }, values: instants },
  { type: { kind: "timestamp_ltz", isNullable, precision: 6 }, values: fine },
];
const temporals: readonly Argument[] = [
  ...moments,
  { type: { kind: "time", isNullable, precision: 0 }, values: fc.nat(86_399_999) },
];
const intervals: readonly Argument[] = [
  { type: { kind: "interval", isNullable, unit: "month" }, values: fc.integer({ min: -5000, max: 5000 }) },
  { type: { kind: "interval", isNullable, unit: "millisecond" }, values: fc.integer({ min: -1e12, max: 1e12 }) },
];
const condition: Argument = { type: { kind: "boolean", isNullable }, values: fc.boolean() };
const bytes: Argument = {
  type: { kind: "varbinary", isNullable, length: 2_147_483_647 },
  values: fc.uint8Array({ maxLength: 9 }),
};

const listOf = ({ type, values }: Argument): Argument => {
  const items = type.kind === "date" ? values.map((ms) => new Date(ms as number)) : values;
  return { type: { kind: "array", isNullable, element: type }, values: fc.array(fc.option(items), { maxLength: 5 }) };
};
const scalars: readonly Argument[] = [text, ...numbers, ...temporals, ...intervals, condition, bytes];
const arrays: readonly Argument[] = scalars.map(listOf);
const mapOf = (value: Argument): Argument => ({
  type: { kind: "map", isNullable, key: { ...text.type, isNullable: false }, value: value.type },
  values: fc.array(fc.tuple(fc.string(), value.values)).map((entries) => new Map(entries)),
});
const maps: readonly Argument[] = [mapOf(numbers[2] as Argument), mapOf(text)];
const multiset: Argument = {
  type: { kind: "multiset", isNullable, element: { ...text.type, isNullable: false } },
  values: fc.array(fc.tuple(fc.string(), fc.integer({ min: 1, max: 9 }))).map((entries) => new Map(entries)),
};

const argumentsOf: Readonly<Record<string, readonly Argument[]>> = {
  text: [text],
  boolean: [condition],
  integer: whole,
  numeric: numbers,
  temporal: temporals,
  moment: moments,
  interval: intervals,
  bytes: [bytes],
  array: arrays,
  map: maps,
  collection: [...arrays, ...maps, multiset],
  any: [...scalars, ...arrays, ...maps, multiset],
  T: [...scalars],
};

const UNITS = [
  "YEAR",
  "QUARTER",
  "MONTH",
  "WEEK",
  "DAY",
  "HOUR",
  "MINUTE",
  "SECOND",
  "MILLISECOND",
  "MICROSECOND",
  "NANOSECOND",
];

/** The word first, or behind the time, as the signature has it. */
const wordsOf = (name: string): readonly string[] => (name === "TRIM" ? ["BOTH", "LEADING", "TRAILING"] : UNITS);

type Call = {
  readonly args: readonly Argument[];
  readonly words: readonly string[];
  readonly given: readonly ArgumentType[];
};

function calls(name: string, { parameters }: Signature): fc.Arbitrary<Call> {
  const optional = parameters.filter((parameter) => parameter.isOptional).length;
  return fc
    .tuple(fc.nat(optional), fc.constantFrom(...wordsOf(name)), fc.infiniteStream(fc.nat(1000)))
    .map(([extra, word, choices]) => {
      const used = parameters.slice(0, parameters.length - optional + extra);
      const args: Argument[] = [];
      const given = used.map((parameter): ArgumentType => {
        if (parameter.name === "word") return "word";
        const possible = argumentsOf[parameter.name] ?? [];
        const argument = possible[(choices.next().value ?? 0) % possible.length] as Argument;
        args.push(argument);
        return argument.type;
      });
      return { args, given, words: given.includes("word") ? [word] : [] };
    });
}

const cases = [...builtInFunctions.values()]
  .filter(({ kind }) => kind === "scalar")
  .flatMap(({ name, signatures }) => signatures.map((signature) => ({ name, signature })));

/** The text of what went wrong; null: the result fits, or the function said what to do. */
function judge(
  name: string,
  signature: Signature,
  { args, given, words }: Call,
  values: readonly unknown[],
): string | null {
  const match = matchSignature(signature, given);
  if (match.kind !== "match") return null;
  const factory = scalarFunction(name);
  assert.ok(factory, name);
  const session = { timeZone: "Europe/Berlin", clock, random: seededRandom(1), watermark: () => 5 };
  const described = `${name}(${args.map(({ type }) => typeText(type)).join(", ")}) ${words.join(" ")} of ${fc.stringify(values)}`;
  try {
    const site = { arguments: args.map(({ type }) => type), result: match.type, words, session };
    const { takesNulls, call } = factory(site);
    if (!takesNulls && values.includes(null)) return null;
    const result = call(...(values as never[]));
    const value = match.type.kind === "date" && typeof result === "number" ? new Date(result) : result;
    const misfit = findMisfit(columnTypeOf(match.type), value);
    return misfit === null
      ? null
      : `${described} is ${fc.stringify(result)}, no ${describeType(columnTypeOf(match.type))}`;
  } catch (error) {
    return error instanceof StreamError ? null : `${described}: ${String(error)}`;
  }
}

describe("whatever its arguments are, a function gives a value of its type, or says what to do:", () => {
  for (const { name, signature } of cases)
    it(`${name}: ${signature.text}`, () => {
      const given = calls(name, signature).chain((call) =>
        fc.tuple(fc.constant(call), fc.tuple(...call.args.map(({ values }) => fc.option(values, { freq: 9 })))),
      );
      fc.assert(
        fc.property(given, ([call, values]) => assert.equal(judge(name, signature, call, values), null)),
        { seed: 17, numRuns: 80 },
      );
    });
});
