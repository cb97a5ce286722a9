/**
 * Owns: calls of functions by name in generated code (functions/scalar-implementation.ts).
 */
import { StreamError } from "../../../base/index.ts";
import { scalarFunction } from "../functions/scalar-function.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { Generated } from "./code.ts";
import type { Call, GeneratorContext } from "./context.ts";
import { operation, withNull } from "./operation.ts";

export function generateFunction(context: GeneratorContext, call: Call): Generated {
  return called(context, call.name, call, call.words);
}

export function generateJson(context: GeneratorContext, json: TypedExpression & { readonly kind: "json" }): Generated {
  return called(context, json.call.name, json, []);
}

function called(
  { code, generate, session }: GeneratorContext,
  name: string,
  { arguments: parts, type }: TypedExpression & { readonly kind: "call" | "json" },
  words: readonly string[],
): Generated {
  const factory = scalarFunction(name);
  if (factory === undefined || type.kind === "null")
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `the function ${name} cannot be run: leave it out, or compute its value before`,
      {
        destiny: "terminal",
      },
    );
  const implementation = factory({ arguments: parts.map((each) => each.type), result: type, words, session });
  const operands = parts.map(generate);
  const values = operands.map((operand) => (implementation.takesNulls ? withNull(operand) : operand.value));
  const expression = `${code.constant(implementation.call)}(${values.join(", ")})`;
  return operation(code, implementation.takesNulls ? [] : operands, type, {
    expression,
    gives: type.isNullable ? "null" : "value",
  });
}
