/**
 * Owns: calls of functions by name in generated code (functions/scalar-implementation.ts).
 */
import { StreamError } from "../../../base/index.ts";
import { jsonFunction } from "../functions/json/json-function.ts";
import { scalarFunction } from "../functions/scalar-function.ts";
import type { ScalarImplementation } from "../functions/scalar-implementation.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { Generated } from "./code.ts";
import { type Call, type GeneratorContext, typeOf } from "./context.ts";
import { operation, withNull } from "./operation.ts";

/** Errors: JOB_GRAPH_INVALID: it is no function of rows. */
export function generateFunction(context: GeneratorContext, call: Call): Generated {
  const { name, arguments: parts, words } = call;
  const factory = scalarFunction(name);
  if (factory === undefined)
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `${name} cannot be worked out for a row: leave it out, or compute its value before`,
      { destiny: "terminal" },
    );
  const { session } = context;
  return called(
    context,
    call,
    factory({ arguments: parts.map((part) => part.type), result: typeOf(call), words, session }),
  );
}

export function generateJson(context: GeneratorContext, json: TypedExpression & { readonly kind: "json" }): Generated {
  return called(context, json, jsonFunction(json));
}

function called(
  { code, generate }: GeneratorContext,
  expression: TypedExpression & { readonly kind: "call" | "json" },
  { takesNulls, call }: ScalarImplementation,
): Generated {
  const type = typeOf(expression);
  const operands = expression.arguments.map(generate);
  const values = operands.map((operand) => (takesNulls ? withNull(operand) : operand.value));
  return operation(code, takesNulls ? [] : operands, type, {
    expression: `${code.constant(call)}(${values.join(", ")})`,
    gives: type.isNullable ? "null" : "value",
  });
}
