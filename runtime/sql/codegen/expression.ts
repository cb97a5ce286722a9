/**
 * Owns: from a typed expression to generated code: which part is made by whom.
 * Does not own: subqueries, aggregates and OVER, which the plan has made columns of.
 *
 * SQXE1 Only a checked tree becomes code; every name and literal goes through code.ts (SQXG1).
 */
import { assert, unreachable } from "../../../base/index.ts";
import { timeZone } from "../functions/time/time-zone.ts";
import type { SqlSession } from "../session.ts";
import { isText } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { generateArithmetic, generateSign } from "./arithmetic.ts";
import { Code, type Generated } from "./code.ts";
import { compared, distinct, isComparisonSign } from "./comparison.ts";
import { generateLength } from "./column-texts.ts";
import { generateElement, generateField, generateItems } from "./composites.ts";
import { constantParts, constantValue } from "./constant-parts.ts";
import type { Call, ColumnSource, GeneratorContext, TextCondition } from "./context.ts";
import { converted } from "./conversion.ts";
import { generateFunction, generateJson, generateUserCall } from "./function-call.ts";
import { likeTest, similarTest, simplePattern, testOfRows } from "./like.ts";
import { generateLiteral } from "./literal.ts";
import {
  generateBetween,
  generateCase,
  generateChoice,
  generateIn,
  generateJunction,
  generateTest,
  negated,
  part,
} from "./logic.ts";
import { nullOf, operation, withNull } from "./operation.ts";
import { repeatedParts } from "./repeated-parts.ts";
import { generateScaled } from "./scaled-comparison.ts";
import { joinedBytes } from "./values.ts";

/** `expressions`: all that are to be generated. */
export function contextOf(
  code: Code,
  source: ColumnSource,
  session: SqlSession,
  expressions: readonly TypedExpression[],
): GeneratorContext {
  const repeated = repeatedParts(expressions);
  const constants = constantParts(expressions);
  const context: GeneratorContext = {
    code,
    source,
    session,
    zone: timeZone(session.timeZone),
    generate: (expression) => {
      const known = constants.has(expression) ? constantOf(expression, code, session) : null;
      if (known !== null) return known;
      const name = repeated.get(expression);
      if (name === undefined) return generated(context, expression);
      return code.remembered(name, () => code.settled(generated(context, expression)));
    },
  };
  return context;
}

/** Null: it fails, or is an object. */
function constantOf(expression: TypedExpression, code: Code, session: SqlSession): Generated | null {
  return constantValue(code, expression, () => {
    const own = new Code();
    // Of its parts none is looked up again: all are worked out here.
    const { generate } = contextOf(own, noColumns, session, []);
    const result = withNull(generate(expression));
    return own.compile([], `${own.text}\nreturn ${result};`)();
  });
}

const noColumns: ColumnSource = {
  read: () => {
    throw new TypeError("a constant looks at no column");
  },
  matchText: () => null,
  readBytes: () => null,
};

function generated(context: GeneratorContext, expression: TypedExpression): Generated {
  const { code, generate, zone } = context;
  switch (expression.kind) {
    case "literal":
      return generateLiteral(code, expression.literal, expression.type);
    case "column":
      assert(expression.depth === 0, "an expression of a plan is over one row");
      return context.source.read(code, expression.index);
    case "field":
      return generateField(context, expression);
    case "call":
      return generateCall(context, expression);
    case "userCall":
      return generateUserCall(context, expression);
    case "json":
      return generateJson(context, expression);
    case "cast": {
      assert(expression.type.kind !== "null", "a CAST has a type");
      const from = generate(expression.operand);
      const use = expression.isForPeople === true ? "people" : "value";
      return converted(code, { from, to: expression.type, zone, use }, expression.isTry ? "null" : "fail");
    }
    case "case":
      return generateCase(context, expression);
    case "row":
    case "array":
    case "map":
      return generateItems(context, expression);
    case "subquery":
    case "quantified":
    case "aggregate":
    case "over":
      throw new TypeError(`the plan has made a column of ${expression.kind}`);
    default:
      return unreachable(expression);
  }
}

function generateCall(context: GeneratorContext, call: Call): Generated {
  const { code, zone } = context;
  const { name, arguments: parts } = call;
  switch (name) {
    case "AND":
    case "OR":
      return generateJunction(context, call);
    case "NOT":
      return negated(code, code.settled(context.generate(part(parts, 0))));
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return arithmetic(context, call, name);
    case "||":
      return concatenation(context, call);
    case "[]":
      return generateElement(context, call);
    case "IN":
    case "NOT IN":
      return generateIn(context, call);
    case "IS DISTINCT FROM":
    case "IS NOT DISTINCT FROM": {
      const operands = [part(parts, 0), part(parts, 1)].map((each) => code.settled(context.generate(each)));
      return distinct(code, operands as [Generated, Generated], name.includes("NOT"), zone);
    }
    default:
      return generateNamed(context, call);
  }
}

function generateNamed(context: GeneratorContext, call: Call): Generated {
  const { name, arguments: parts } = call;
  if (isComparisonSign(name)) {
    const matched = matchedBytes(context, call) ?? generateScaled(context, call);
    if (matched !== null) return matched;
    return compared(
      context.code,
      name,
      [context.generate(part(parts, 0)), context.generate(part(parts, 1))],
      context.zone,
    );
  }
  if (name.endsWith("LIKE") || name.endsWith("SIMILAR TO")) return like(context, call);
  if (name.includes("BETWEEN")) return generateBetween(context, call);
  if (name.startsWith("IS ")) return generateTest(context, call) ?? generateFunction(context, call);
  return generateChoice(context, call) ?? generateLength(context, call) ?? generateFunction(context, call);
}

function arithmetic(
  context: GeneratorContext,
  { arguments: parts, type }: Call,
  operator: "+" | "-" | "*" | "/" | "%",
): Generated {
  const { code, zone, generate } = context;
  assert(type.kind !== "null", "arithmetic has a type");
  const operands = parts.map(generate);
  const [left, right] = operands;
  assert(left !== undefined, "an operand");
  if (right !== undefined) return generateArithmetic(code, left, right, { operator, type, zone });
  return generateSign(code, left, operator === "-" ? "-" : "+", type);
}

/** `column = 'text'`, by the column's bytes. */
function matchedBytes({ code, source }: GeneratorContext, { name, arguments: parts, type }: Call): Generated | null {
  if (name !== "=" && name !== "<>") return null;
  const column = parts.find((each) => each.kind === "column");
  const literal = parts.find((each) => each.kind === "literal");
  if (column?.kind !== "column" || literal?.kind !== "literal" || literal.literal.kind !== "string") return null;
  if (column.type.kind === "null" || !isText(column.type)) return null;
  const found = source.matchText(code, column.index, { kind: "equal", text: literal.literal.value });
  return found === null ? null : matchedText(found, name === "<>", type);
}

function matchedText({ condition, isNull }: TextCondition, isNegated: boolean, type: Generated["type"]): Generated {
  const value = isNegated ? `!${condition}` : condition;
  return { value: isNull === null ? value : `(!${isNull} && ${value})`, isNull, type };
}

function concatenation(context: GeneratorContext, { arguments: parts, type }: Call): Generated {
  const { code, generate } = context;
  assert(type.kind !== "null", "a text has a type");
  const [left, right] = [generate(part(parts, 0)), generate(part(parts, 1))];
  const expression = isText(type)
    ? `${left.value} + ${right.value}`
    : `${code.constant(joinedBytes)}(${left.value}, ${right.value})`;
  return operation(code, [left, right], type, { expression, gives: "value" });
}

/** [NOT] LIKE and [NOT] SIMILAR TO. */
function like(context: GeneratorContext, { name, arguments: parts, type }: Call): Generated {
  const { code, generate } = context;
  assert(type.kind !== "null", "a condition has a type");
  const simple = simpleLike(context, name, parts);
  if (simple !== null) return matchedText(simple, name.startsWith("NOT"), type);
  const operands = parts.map(generate);
  if (operands.some(({ isNull }) => isNull === "true")) return nullOf(type);
  const make = name.endsWith("LIKE") ? likeTest : similarTest;
  const [text, ...patterns] = operands;
  assert(text !== undefined, "a text");
  const [pattern, escape] = parts
    .slice(1)
    .map((each) => (each.kind === "literal" && each.literal.kind === "string" ? each.literal.value : null));
  const isKnown = pattern !== null && pattern !== undefined && escape !== null;
  const test = isKnown
    ? `${code.constant(make(pattern, escape ?? null))}(${text.value})`
    : `${code.constant(testOfRows(make))}(${operands.map(({ value }) => value).join(", ")})`;
  const operandsUsed = isKnown ? [text] : [text, ...patterns];
  return operation(code, operandsUsed, type, {
    expression: name.startsWith("NOT") ? `!${test}` : test,
    gives: "value",
  });
}

/** Of a column and a pattern that only begins or ends with `%`. */
function simpleLike(
  { code, source }: GeneratorContext,
  name: string,
  [text, pattern, escape]: readonly TypedExpression[],
): TextCondition | null {
  if (!name.endsWith("LIKE") || text?.kind !== "column" || pattern?.kind !== "literal" || escape !== undefined)
    return null;
  const match = pattern.literal.kind === "string" ? simplePattern(pattern.literal.value) : null;
  return match === null ? null : source.matchText(code, text.index, match);
}
