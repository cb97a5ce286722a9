/**
 * Owns: ROW, ARRAY and MAP in generated code: made of values, and their parts read.
 *
 * SQXP1 Inside of them a value is as rows have it: a DATE is a Date, NULL is null.
 */
import { assert } from "../../../base/index.ts";
import { DateValue, quoted } from "../../record/index.ts";
import { isText, type OperandType } from "../types/type-families.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { type Code, type Generated } from "./code.ts";
import type { Call, GeneratorContext } from "./context.ts";
import { converted } from "./conversion.ts";
import { part } from "./logic.ts";
import { operation, withNull } from "./operation.ts";
import { elementAt, entryOf, mapOf } from "./values.ts";

/** As rows have it (SQXP1). */
export function asRowValue(code: Code, generated: Generated): string {
  if (generated.type.kind !== "date") return withNull(generated);
  const date = `${code.constant(dateAt)}(${generated.value})`;
  return withNull({ ...generated, value: date });
}

/** `"__proto__": …` would be no field. */
const propertyName = (name: string): string => (name === "__proto__" ? `[${quoted(name)}]` : quoted(name));

const dateAt = (ms: number): Date => new DateValue(ms);

/** Of what was read out of a composite: null where it is NULL. */
const fromRowValue = (type: OperandType, value: string): string =>
  type.kind === "date" ? `(${value}?.getTime() ?? null)` : value;

export function generateField(
  context: GeneratorContext,
  { operand, name, type }: TypedExpression & { readonly kind: "field" },
): Generated {
  assert(type.kind !== "null", "a field has a type");
  const row = context.generate(operand);
  const expression = fromRowValue(type, `${row.value}[${quoted(name)}]`);
  return operation(context.code, [row], type, { expression, gives: "null" });
}

export function generateElement(context: GeneratorContext, { arguments: parts, type }: Call): Generated {
  const { code, generate, zone } = context;
  assert(type.kind !== "null", "an element has a type");
  const [whole, index] = [generate(part(parts, 0)), generate(part(parts, 1))];
  const isMap = whole.type.kind === "map";
  const key = isMap ? converted(code, { from: index, to: keyType(whole.type), zone }, "fail") : index;
  const read = `${code.constant(isMap ? entryOf : elementAt)}(${whole.value}, ${key.value})`;
  return operation(code, [whole, key], type, { expression: fromRowValue(type, read), gives: "null" });
}

function keyType(type: OperandType): SqlType {
  assert(type.kind === "map", "a map");
  const { key } = type;
  // A shorter text is another key: it is not cut to find one.
  return isText(key) ? { kind: "varchar", isNullable: true, length: 2_147_483_647 } : { ...key, isNullable: true };
}

export function generateItems(
  context: GeneratorContext,
  { kind, items, type }: TypedExpression & { readonly kind: "row" | "array" | "map" },
): Generated {
  const { code, generate, zone } = context;
  const typeAt = (index: number): SqlType => {
    if (type.kind === "row") return type.fields[index]?.type as SqlType;
    if (type.kind === "map") return index % 2 === 0 ? type.key : type.value;
    assert(type.kind === "array", `a ${kind} of type ${type.kind}`);
    return type.element;
  };
  const values = items.map((item, index) =>
    asRowValue(code, converted(code, { from: generate(item), to: typeAt(index), zone }, "fail")),
  );
  const made =
    type.kind === "row"
      ? `({ ${values.map((value, index) => `${propertyName(type.fields[index]?.name ?? "")}: ${value}`).join(", ")} })`
      : kind === "map"
        ? `${code.constant(mapOf)}(${values.join(", ")})`
        : `[${values.join(", ")}]`;
  return { value: made, isNull: null, type };
}
