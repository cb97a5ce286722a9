/**
 * What a preflight says of a changed type from its text (graph/compatibility.ts) is what a restore says from the type itself
 * (state/snapshot/evolution.ts), for types of every kind.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareDeclarations } from "../../runtime/graph/index.ts";
import { describeType, type Field, findMisfit, t, type ValueType } from "../../runtime/record/index.ts";
import { anyType, type TypeWithValues } from "../../runtime/record/types.test-support.ts";
import { planEvolution } from "../../runtime/state/snapshot/evolution.ts";

/** What people do to a type: most of it fits. */
function changesOf(type: ValueType<unknown>): readonly ValueType<unknown>[] {
  const { item } = type;
  const fields: readonly Field[] = type.fields ?? [];
  const withFields = (changed: readonly Field[]): ValueType<unknown> => ({ ...type, fields: changed });
  return [
    type,
    t.nullable(type),
    { ...type, nullable: false },
    ...(type.literals === undefined ? [] : [{ ...type, literals: [...type.literals, "more"] }, t.literal("open", "z")]),
    ...(type.scale === undefined ? [] : [t.decimal(type.scale + 1)]),
    ...(item === undefined ? [] : changesOf(item).map((changed) => ({ ...type, item: changed }))),
    ...(type.key === undefined ? [] : [{ ...type, key: t.boolean }]),
    ...(type.fields === undefined ? [] : [withFields([...fields, { name: "new", type: t.nullable(t.date) }])]),
    ...(type.fields === undefined
      ? []
      : [withFields([...fields, { name: "new", type: t.list(t.date), optional: true }])]),
    ...(type.fields === undefined ? [] : [withFields([...fields, { name: "new", type: t.date }])]),
    ...fields.flatMap((field, place) => [
      withFields(fields.toSpliced(place, 1)),
      withFields(fields.with(place, { name: field.name, type: field.type })),
      withFields(fields.with(place, { name: field.name, type: field.type, optional: true })),
      ...changesOf(field.type).map((changed) => withFields(fields.with(place, { ...field, type: changed }))),
    ]),
  ];
}

const changed: fc.Arbitrary<readonly [TypeWithValues, ValueType<unknown>]> = fc.oneof(
  {
    arbitrary: fc.tuple(
      anyType,
      anyType.map(({ type }) => type),
    ),
    weight: 1,
  },
  {
    arbitrary: anyType.chain((from) => fc.tuple(fc.constant(from), fc.constantFrom(...changesOf(from.type)))),
    weight: 3,
  },
);

test("text and type agree whether a changed type can be read, and what is read then fits it", () => {
  let fits = 0;
  let refused = 0;
  const sample = changed.chain(([from, to]) =>
    fc.array(from.value, { maxLength: 3 }).map((values) => ({ from: from.type, to, values })),
  );
  fc.assert(
    fc.property(sample, ({ from, to, values }) => {
      const plan = planEvolution(from, to);
      const state = (type: ValueType<unknown>) => [{ name: "s", kind: "value", type: describeType(type) }];
      const answer = compareDeclarations("u", state(from), state(to));
      assert.equal(answer.kind === "refused", plan.kind === "refused", `${describeType(from)} to ${describeType(to)}`);
      if (plan.kind === "refused") {
        refused += 1;
        return;
      }
      fits += 1;
      for (const value of values)
        assert.equal(findMisfit(to, plan.kind === "same" ? value : plan.convert(value)), null);
    }),
    { numRuns: 1500 },
  );
  assert.ok(fits > 200 && refused > 200, `${fits} fit, ${refused} refused`);
});
