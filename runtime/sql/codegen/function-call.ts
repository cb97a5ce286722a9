/**
 * Owns: calls of functions by name in generated code (functions/scalar-implementation.ts).
 */
import { assert, StreamError } from "../../../base/index.ts";
import { jsonFunction } from "../functions/json/json-function.ts";
import { scalarFunction } from "../functions/scalar-function.ts";
import type { ScalarImplementation } from "../functions/scalar-implementation.ts";
import { RunningFunctions } from "../user-functions/running-functions.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { Generated } from "./code.ts";
import { asRowValue } from "./composites.ts";
import { type Call, type GeneratorContext, typeOf } from "./context.ts";
import { operation, withNull } from "./operation.ts";

export function generateFunction(context: GeneratorContext, call: Call): Generated {
  const { name, arguments: parts, words } = call;
  const factory = scalarFunction(name);
  if (factory === undefined)
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `the function ${name} cannot be run: leave it out, or compute its value before`,
      {
        destiny: "terminal",
      },
    );
  const site = { arguments: parts.map(({ type }) => type), result: typeOf(call), words, session: context.session };
  return called(context, call, factory(site));
}

export function generateJson(context: GeneratorContext, json: TypedExpression & { readonly kind: "json" }): Generated {
  return called(context, json, jsonFunction(json));
}

/** The function itself is a constant of the code, and sees values of rows: NULLs only where its parameter takes them. */
export function generateUserCall(
  { code, generate, session }: GeneratorContext,
  { function: bound, arguments: parts, type: resultType }: TypedExpression & { readonly kind: "userCall" },
): Generated {
  assert(resultType.kind !== "null", "a function's result has a type");
  const operands = parts.map(generate);
  const takesNull = (index: number): boolean => bound.parameters[index]?.isNullable === true;
  const values = operands.map((operand, index) =>
    asRowValue(code, takesNull(index) ? operand : { ...operand, isNull: null }),
  );
  const call = (session.functions ?? new RunningFunctions()).callOf(bound);
  return operation(
    code,
    operands.filter((_operand, index) => !takesNull(index)),
    resultType,
    { expression: `${code.constant(call)}(${values.join(", ")})`, gives: resultType.isNullable ? "null" : "value" },
  );
}

function called(
  { code, generate }: GeneratorContext,
  whole: TypedExpression & { readonly kind: "call" | "json" },
  { takesNulls, call }: ScalarImplementation,
): Generated {
  const operands = whole.arguments.map(generate);
  const values = operands.map((operand) => (takesNulls ? withNull(operand) : operand.value));
  const type = typeOf(whole);
  return operation(code, takesNulls ? [] : operands, type, {
    expression: `${code.constant(call)}(${values.join(", ")})`,
    gives: type.isNullable ? "null" : "value",
  });
}
