/**
 * Owns: declared types of every kind, nested, with values that fit them, for property tests.
 */
import fc from "fast-check";
import { anyText } from "./texts.test-support.ts";
import { t, type ValueType } from "./value-type.ts";

export type TypeWithValues = { readonly type: ValueType<unknown>; readonly value: fc.Arbitrary<unknown> };

const anyString = fc.oneof(anyText({ maxLength: 6 }), fc.constant("\ud800"));

const leaves: readonly TypeWithValues[] = [
  { type: t.string, value: anyString },
  { type: t.int32, value: fc.integer() },
  { type: t.int64, value: fc.maxSafeInteger() },
  { type: t.bigint, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: t.float64, value: fc.double() },
  { type: t.boolean, value: fc.boolean() },
  { type: t.timestamp, value: fc.maxSafeInteger() },
  { type: t.bytes, value: fc.uint8Array({ maxLength: 4 }) },
  { type: t.date, value: fc.date({ noInvalidDate: false }) },
  { type: t.decimal(2), value: fc.oneof(fc.bigInt({ min: -500n, max: 500n }), fc.bigInt()) },
  { type: t.literal("open", "a<b>, c | d", 7, true), value: fc.constantFrom("open", "a<b>, c | d", 7, true) },
  { type: t.literal("open"), value: fc.constant("open") },
  { type: t.any, value: fc.oneof(anyString, fc.constantFrom(undefined, null, -0, Number.NaN), fc.date()) },
];

const mapKeys: readonly { readonly type: ValueType<string | number>; readonly value: fc.Arbitrary<unknown> }[] = [
  { type: t.string, value: anyString },
  { type: t.int64, value: fc.maxSafeInteger() },
  { type: t.literal("x", 3), value: fc.constantFrom("x", 3) },
];

type FieldWithValues = TypeWithValues & { readonly optional: boolean };

function recordOf(fields: readonly (readonly [string, FieldWithValues])[]): TypeWithValues {
  const shape = fields.map(([name, { type, optional }]) => [name, optional ? t.optional(type) : type] as const);
  const required = fields.flatMap(([name, { optional }]) => (optional ? [] : [name]));
  const values = fields.map(([name, { value, optional }]) => [
    name,
    optional ? fc.option(value, { nil: undefined, freq: 4 }) : value,
  ]);
  return {
    type: t.record(Object.fromEntries(shape)),
    value: fc.record(Object.fromEntries(values) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: required }),
  };
}

const entriesOf = (key: fc.Arbitrary<unknown>, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.array(fc.tuple(key, value), { maxLength: 3 }).map((entries) => new Map(entries));

const fieldName = fc.constantFrom("a", "b", "c d", "e?");

/** Types of all kinds, some levels deep. */
export const { anyType } = fc.letrec<{ anyType: TypeWithValues }>((tie) => ({
  anyType: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...leaves),
    tie("anyType").map(({ type, value }) => ({ type: t.nullable(type), value: fc.option(value) })),
    tie("anyType").map(({ type, value }) => ({ type: t.list(type), value: fc.array(value, { maxLength: 3 }) })),
    fc
      .tuple(fc.constantFrom(...mapKeys), tie("anyType"))
      .map(([key, { type, value }]) => ({ type: t.map(key.type, type), value: entriesOf(key.value, value) })),
    fc
      .uniqueArray(fc.tuple(fieldName, fc.tuple(tie("anyType"), fc.boolean())), {
        maxLength: 3,
        selector: ([name]) => name,
      })
      .map((fields) => recordOf(fields.map(([name, [inner, optional]]) => [name, { ...inner, optional }] as const))),
  ),
}));

/** A type, and values that fit it. */
export const typeAndValues: fc.Arbitrary<{ readonly type: ValueType<unknown>; readonly values: readonly unknown[] }> =
  anyType.chain(({ type, value }) => fc.array(value, { maxLength: 6 }).map((values) => ({ type, values })));
