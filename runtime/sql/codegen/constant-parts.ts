/**
 * Owns: which parts of expressions are the same for all rows, and so are worked out once, before the first.
 *
 * SQXH1 What looks at a column, at chance, at the clock or at the watermark is none. A part that fails is left where it is: it fails when a row asks for it, or never.
 */
import { StreamError } from "../../../base/index.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { partsOf } from "../validate/values.ts";
import { type Code, formOf, type Generated } from "./code.ts";
import { nullOf } from "./operation.ts";

const changing: ReadonlySet<string> = new Set(
  "RAND RAND_INTEGER UUID NOW CURRENT_DATE CURRENT_TIME LOCALTIME CURRENT_TIMESTAMP CURRENT_ROW_TIMESTAMP LOCALTIMESTAMP PROCTIME UNIX_TIMESTAMP CURRENT_WATERMARK".split(
    " ",
  ),
);

const FAILURES: ReadonlySet<string> = new Set(["SQL_EXPRESSION_FAILED", "USER_FUNCTION_FAILED"]);

/** But for literals, which are worked out as they are. */
export function constantParts(expressions: readonly TypedExpression[]): ReadonlySet<TypedExpression> {
  const constants = new Set<TypedExpression>();
  const visit = (expression: TypedExpression): boolean => {
    const areParts = partsOf(expression).map(visit);
    if (expression.kind === "column") return false;
    const isSteady =
      expression.kind === "userCall"
        ? isReady(expression)
        : expression.kind !== "call" || !changing.has(expression.name);
    const isConstant = isSteady && areParts.every(Boolean);
    if (isConstant && expression.kind !== "literal") constants.add(expression);
    return isConstant;
  };
  for (const expression of expressions) visit(expression);
  return constants;
}

/** One that is opened cannot be called before. */
const isReady = ({ function: { definition } }: TypedExpression & { readonly kind: "userCall" }): boolean =>
  definition.isDeterministic && definition.call !== null;

/** `work`: gives the value, as generated code has it, or null. The result is null where it fails, or is no value that the code can hold. */
export function constantValue(code: Code, { type }: TypedExpression, work: () => unknown): Generated | null {
  if (type.kind === "null") return null;
  const value = valueOrFailure(work);
  if (value === undefined) return null;
  if (value === null) return nullOf(type);
  const text = literalText(value);
  if (text === null && formOf(type) === "object") return null;
  return { value: text ?? code.constant(value), isNull: null, type };
}

/** Null: it has no form of its own in the code. */
export function literalText(value: unknown): string | null {
  if (typeof value === "bigint") return value < 0n ? `(${value}n)` : `${value}n`;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number" || !Number.isFinite(value) || Object.is(value, -0)) return null;
  return value < 0 ? `(${value})` : String(value);
}

function valueOrFailure(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    // SQXH1: the row that asks for it gets the failure.
    if (error instanceof StreamError && FAILURES.has(error.code)) return undefined;
    throw error;
  }
}
