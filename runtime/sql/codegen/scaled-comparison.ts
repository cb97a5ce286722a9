/**
 * Owns: comparisons of a whole number times a positive literal with a literal, as comparisons of the number itself: `0.908 * price > 100000` is `price > 110132`.
 *
 * SQXF1 Only where the product is exact whatever the number is: its type has room for all of its digits, and nothing is rounded. Null: another comparison.
 */
import { digitsOf, isInteger } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { formOf, type Generated } from "./code.ts";
import type { ComparisonSign } from "./comparison.ts";
import type { Call, GeneratorContext } from "./context.ts";
import { totalOperation } from "./operation.ts";

type Exact = { readonly units: bigint; readonly scale: number };

const turned = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
type OrderSign = keyof typeof turned;

export function generateScaled({ code, generate }: GeneratorContext, call: Call): Generated | null {
  const sign = call.name as ComparisonSign;
  const [left, right] = call.arguments;
  if (left === undefined || right === undefined || sign === "=" || sign === "<>") return null;
  const isTurned = productOf(left) === null;
  const product = productOf(isTurned ? right : left);
  const limit = literalOf(isTurned ? left : right);
  if (product === null || limit === null) return null;
  const order = isTurned ? turned[sign] : sign;
  const bound = boundOf(order, product.factor, limit);
  if (bound === null) return null;
  const operand = generate(product.operand);
  const isBig = formOf(operand.type) === "bigint";
  const type = { kind: "boolean", isNullable: operand.isNull !== null } as const;
  return totalOperation(code, [operand], type, `${operand.value} ${order} ${bound}${isBig ? "n" : ""}`);
}

type Product = { readonly factor: Exact; readonly operand: TypedExpression };

/** SQXF1 */
function productOf(expression: TypedExpression): Product | null {
  if (expression.kind !== "call" || expression.name !== "*" || expression.type.kind !== "decimal") return null;
  const [left, right] = expression.arguments;
  if (left === undefined || right === undefined) return null;
  const [literal, operand] = literalOf(left) === null ? [right, left] : [left, right];
  const factor = literalOf(literal);
  if (factor === null || factor.units === 0n || !isInteger(operand.type)) return null;
  const { precision, scale } = expression.type;
  const digits = digitsOf(operand.type).precision + factor.units.toString().length;
  return scale === factor.scale && digits <= precision ? { factor, operand } : null;
}

function literalOf(expression: TypedExpression): Exact | null {
  if (expression.kind !== "literal" || expression.literal.kind !== "number") return null;
  const [text, whole, fraction = ""] = /^(\d+)(?:\.(\d+))?$/.exec(expression.literal.text) ?? [];
  return text === undefined ? null : { units: BigInt(`${whole}${fraction}`), scale: fraction.length };
}

/** What the number is compared with instead; null: it is far from any number. */
function boundOf(sign: OrderSign, factor: Exact, limit: Exact): bigint | null {
  const scale = Math.max(factor.scale, limit.scale);
  const dividend = limit.units * 10n ** BigInt(scale - limit.scale);
  const divisor = factor.units * 10n ** BigInt(scale - factor.scale);
  const isRoundedUp = sign === ">=" || sign === "<";
  const bound = (dividend + (isRoundedUp ? divisor - 1n : 0n)) / divisor;
  return bound < BigInt(Number.MAX_SAFE_INTEGER) ? bound : null;
}
