/**
 * Owns: functions of a column's texts in generated loops that need no strings: lengths, how often a character is in them, parts between separators.
 * Not here: comparisons (batch-source.ts), the work on the bytes (text-bytes.ts).
 *
 * SQXZ1 They give what the functions of the same names give (functions/text-functions.ts). Null: the call is another one, or the column has no bytes; then those are asked.
 */
import { isText } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import type { Code, Generated } from "./code.ts";
import { type Call, type ColumnSource, type GeneratorContext, typeOf } from "./context.ts";
import { totalOperation } from "./operation.ts";
import { lengthAt, occurrences, TextParts } from "./text-bytes.ts";

/** CHAR_LENGTH of a column, and of one in which texts are replaced: their count says it. */
export function generateLength({ code, source }: GeneratorContext, call: Call): Generated | null {
  if (call.name !== "CHAR_LENGTH" && call.name !== "CHARACTER_LENGTH") return null;
  const [operand] = call.arguments;
  const type = typeOf(call);
  if (operand?.kind !== "call" || operand.name !== "REPLACE") {
    const text = bytesOf(code, source, operand);
    return text === null ? null : totalOperation(code, [text], type, length(code, text));
  }
  const [column, old, put] = operand.arguments;
  const [wanted, replacement] = [literalText(old), literalText(put)];
  if (wanted === null || wanted === "" || replacement === null) return null;
  const text = bytesOf(code, source, column);
  if (text === null) return null;
  const more = Array.from(replacement).length - Array.from(wanted).length;
  const count = `${code.constant(occurrences(wanted))}(${text.value}, r)`;
  return totalOperation(code, [text], type, `${length(code, text)} + (${more}) * ${count}`);
}

/** In scope is `r`. Where the column is NULL the length is 0 (CLM1). */
const length = (code: Code, { value }: Generated): string =>
  code.remembered(`length ${value}`, () => ({
    value: code.keep(`${code.constant(lengthAt)}(${value}, r)`),
    isNull: null,
    type: { kind: "int", isNullable: false },
  })).value;

/** That a part is there, and where it is: `${parts}.start` and `.end` in the bytes of the column. */
export type TextPart = { readonly column: string; readonly parts: string; readonly isThere: string };

/** SPLIT_INDEX of a column, by literals. The parts of one text by one separator share a `TextParts`. */
export function generatePart({ code, source }: GeneratorContext, expression: TypedExpression): TextPart | null {
  if (expression.kind !== "call" || expression.name !== "SPLIT_INDEX") return null;
  const [operand, between, number] = expression.arguments;
  const separator = literalText(between);
  if (separator === null || separator === "" || number?.kind !== "literal" || number.literal.kind !== "number")
    return null;
  const place = /^\d{1,4}$/.exec(number.literal.text)?.[0];
  if (place === undefined) return null;
  const text = bytesOf(code, source, operand);
  if (text === null) return null;
  const { value: column, isNull } = text;
  const { value: parts } = code.remembered(`parts ${column} ${separator}`, () => {
    const name = code.constant(new TextParts(separator));
    code.line(`${name}.begin(${column}, r);`);
    return { ...text, value: name };
  });
  const isFound = `${parts}.find(${Number(place)})`;
  return { column, parts, isThere: isNull === null ? isFound : `!${isNull} && ${isFound}` };
}

/** The column, as a name of the code. */
function bytesOf(code: Code, source: ColumnSource, expression: TypedExpression | undefined): Generated | null {
  if (expression?.kind !== "column" || expression.type.kind === "null" || !isText(expression.type)) return null;
  return source.readBytes(code, expression.index);
}

/** A text that is written in the query, of UTF-8. */
function literalText(expression: TypedExpression | undefined): string | null {
  if (expression?.kind !== "literal" || expression.literal.kind !== "string") return null;
  const { value } = expression.literal;
  return value.isWellFormed() ? value : null;
}
