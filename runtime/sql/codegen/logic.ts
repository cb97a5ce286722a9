/**
 * Owns: AND, OR, NOT, IS …, CASE and its relatives, BETWEEN and IN, in generated code.
 *
 * SQXL1 Logic has three values. What the result does not depend on is not worked out, so that it cannot fail: the right side of AND where the left one is false, branches
 *     that are not taken.
 */
import { assert } from "../../../base/index.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { type Code, type Generated, neutralOf } from "./code.ts";
import { compared } from "./comparison.ts";
import type { Call, GeneratorContext } from "./context.ts";
import { converted } from "./conversion.ts";

const CONDITION: SqlType = { kind: "boolean", isNullable: true };

/** AND and OR. */
export function generateJunction(context: GeneratorContext, { name, arguments: parts }: Call): Generated {
  const { code, generate } = context;
  const [first, second] = parts;
  assert(first !== undefined && second !== undefined, "two conditions");
  const isAnd = name === "AND";
  const left = code.settled(generate(first));
  const right = code.branch(() => generate(second));
  const leftDecides = isAnd ? decides(left, false) : left.value;
  if (right.lines.length === 0) return junction(code, left, right.result, isAnd);
  const [value, isNull] = [code.name(), code.name()];
  code.line(`let ${value} = ${isAnd ? "false" : "true"}, ${isNull} = false;`);
  code.block(`if (!(${leftDecides}))`, () => {
    code.add(right.lines);
    const result = junction(code, left, right.result, isAnd);
    code.line(`${value} = ${result.value};`);
    if (result.isNull !== null) code.line(`${isNull} = ${result.isNull};`);
  });
  const isNullable = left.isNull !== null || right.result.isNull !== null;
  return { value, isNull: isNullable ? isNull : null, type: CONDITION };
}

/** A condition that it is this truth value, and not NULL. */
function decides({ value, isNull }: Generated, truth: boolean): string {
  if (truth) return value;
  return isNull === null ? `!${value}` : `(!${value} && !${isNull})`;
}

/** Of values that are there. */
export function junction(code: Code, first: Generated, second: Generated, isAnd: boolean): Generated {
  const [left, right] = [code.settled(first), second.isNull === null ? second : code.settled(second)];
  const value = `(${left.value} ${isAnd ? "&&" : "||"} ${right.value})`;
  if (left.isNull === null && right.isNull === null) return { value, isNull: null, type: CONDITION };
  const anyNull = code.anyNull([left, right]);
  const decided = isAnd ? `${decides(left, false)} || ${decides(right, false)}` : `${left.value} || ${right.value}`;
  // The right one is used again, so it is settled when it may decide.
  if (right.isNull === null) {
    const settled = code.settled(right);
    return junctionOf(code, left, settled, isAnd);
  }
  return { value, isNull: code.keep(`${anyNull} && !(${decided})`), type: CONDITION };
}

function junctionOf(code: Code, left: Generated, right: Generated, isAnd: boolean): Generated {
  const value = `(${left.value} ${isAnd ? "&&" : "||"} ${right.value})`;
  const decided = isAnd ? `!${right.value}` : right.value;
  return { value, isNull: code.keep(`${left.isNull} && !(${decided})`), type: CONDITION };
}

export function negated(code: Code, condition: Generated): Generated {
  const { value, isNull, type } = condition;
  return { value: isNull === null ? `(!${value})` : `(!${isNull} && !${value})`, isNull, type };
}

/** IS [NOT] NULL, TRUE, FALSE, UNKNOWN; null: another test. */
export function generateTest(context: GeneratorContext, { name, arguments: parts, type }: Call): Generated | null {
  const isNegated = name.startsWith("IS NOT ");
  const test = name.replace(/^IS (?:NOT )?/, "");
  if (!["NULL", "TRUE", "FALSE", "UNKNOWN"].includes(test)) return null;
  const operand = context.generate(part(parts, 0));
  const condition =
    test === "TRUE"
      ? operand.value
      : test === "FALSE"
        ? decides(context.code.settled(operand), false)
        : (operand.isNull ?? "false");
  return { value: isNegated ? `(!${condition})` : `(${condition})`, isNull: null, type };
}

export function part(parts: readonly TypedExpression[], index: number): TypedExpression {
  const found = parts[index];
  assert(found !== undefined, `an operand number ${index + 1}`);
  return found;
}

/** One way to a result, in the order in which they are tried. */
type Way = { readonly when: () => Generated; readonly result: TypedExpression };

/** The result of the first way that holds, of type `type`. */
function chosen(
  context: GeneratorContext,
  ways: readonly Way[],
  otherwise: TypedExpression | null,
  type: SqlType,
): Generated {
  const { code, generate, zone } = context;
  const [value, isNull, label] = [code.name(), code.name(), `way${code.name()}`];
  let isNullable = otherwise === null;
  const take = (result: TypedExpression): void => {
    const taken = converted(code, { from: generate(result), to: type, zone }, "fail");
    if (taken.isNull !== null) isNullable = true;
    if (taken.isNull !== "true") code.line(`${value} = ${taken.value};`);
    code.line(`${isNull} = ${taken.isNull ?? "false"};`);
  };
  // The first condition is asked for each row: outside of the block, its texts are read at once.
  const first = ways[0]?.when();
  code.line(`let ${value} = ${neutralOf(type)}, ${isNull} = true;`);
  code.block(`${label}:`, () => {
    for (const [index, { when, result }] of ways.entries()) {
      const condition = index === 0 && first !== undefined ? first : when();
      code.block(`if (${condition.value})`, () => {
        take(result);
        code.line(`break ${label};`);
      });
    }
    if (otherwise !== null) take(otherwise);
  });
  return { value, isNull: isNullable ? isNull : null, type };
}

export function generateCase(
  context: GeneratorContext,
  expression: TypedExpression & { readonly kind: "case" },
): Generated {
  const { code, generate, zone } = context;
  const { operand, branches, otherwise, type } = expression;
  assert(type.kind !== "null", "a CASE has a type");
  const compareWith = operand === null ? null : code.settled(generate(operand));
  const ways = branches.map(({ when, result }) => ({
    when: () => (compareWith === null ? generate(when) : compared(code, "=", [compareWith, generate(when)], zone)),
    result,
  }));
  return chosen(context, ways, otherwise, type);
}

/** COALESCE, IFNULL, NULLIF, IF; null: another function. */
export function generateChoice(context: GeneratorContext, call: Call): Generated | null {
  const { name, arguments: parts, type } = call;
  const { code, generate, zone } = context;
  assert(type.kind !== "null", "a call has a type");
  switch (name) {
    case "COALESCE":
    case "IFNULL":
      return firstOf(context, parts, type);
    case "IF":
      return chosen(context, [{ when: () => generate(part(parts, 0)), result: part(parts, 1) }], part(parts, 2), type);
    case "NULLIF": {
      const first = code.settled(generate(part(parts, 0)));
      const equal = compared(code, "=", [first, generate(part(parts, 1))], zone);
      const isNull = code.keep(first.isNull === null ? equal.value : `${first.isNull} || ${equal.value}`);
      const value =
        neutralOf(type) === "null" ? first.value : code.keep(`${isNull} ? ${neutralOf(type)} : ${first.value}`);
      return { value, isNull, type };
    }
    default:
      return null;
  }
}

function firstOf(context: GeneratorContext, parts: readonly TypedExpression[], type: SqlType): Generated {
  const { code, generate, zone } = context;
  const [first, ...others] = parts;
  assert(first !== undefined, "a value to begin with");
  const from = code.settled(converted(code, { from: generate(first), to: type, zone }, "fail"));
  if (from.isNull === null || others.length === 0) return from;
  const [value, isNull, label] = [code.name(), code.name(), `way${code.name()}`];
  code.line(`let ${value} = ${from.value}, ${isNull} = ${from.isNull};`);
  let isNullable = true;
  code.block(`${label}: if (${isNull})`, () => {
    for (const each of others) {
      const found = converted(code, { from: generate(each), to: type, zone }, "fail");
      if (found.isNull === "true") continue;
      const test = found.isNull === null ? "" : `if (!${found.isNull})`;
      code.line(`${test} { ${value} = ${found.value}; ${isNull} = false; break ${label}; }`);
      if (found.isNull !== null) continue;
      isNullable = false;
      break;
    }
  });
  return { value, isNull: isNullable ? isNull : null, type };
}

/** [NOT] BETWEEN [SYMMETRIC]. */
export function generateBetween(context: GeneratorContext, { name, arguments: parts }: Call): Generated {
  const { code, generate, zone } = context;
  const [operand, low, high] = parts.map((each) => code.settled(generate(each)));
  assert(operand !== undefined && low !== undefined && high !== undefined, "BETWEEN has three parts");
  const lies = (from: Generated, to: Generated): Generated =>
    junction(code, compared(code, ">=", [operand, from], zone), compared(code, "<=", [operand, to], zone), true);
  const within = name.endsWith("SYMMETRIC") ? junction(code, lies(low, high), lies(high, low), false) : lies(low, high);
  return name.startsWith("NOT") ? negated(code, code.settled(within)) : within;
}

/** [NOT] IN with a list. */
export function generateIn(context: GeneratorContext, call: Call): Generated {
  const { code, generate, zone } = context;
  const [first, ...items] = call.arguments;
  assert(first !== undefined, "IN has an operand");
  const known = inTexts(context, call);
  if (known !== null) return call.name.startsWith("NOT") ? negated(code, code.settled(known)) : known;
  const operand = code.settled(generate(first));
  const result = inLiterals(context, operand, call.arguments.slice(1)) ?? inTurn();
  return call.name.startsWith("NOT") ? negated(code, code.settled(result)) : result;

  function inTurn(): Generated {
    const [value, isNull, label] = [code.name(), code.name(), `way${code.name()}`];
    code.line(`let ${value} = false, ${isNull} = false;`);
    let isNullable = false;
    code.block(`${label}:`, () => {
      for (const item of items) {
        const equal = code.settled(compared(code, "=", [operand, generate(item)], zone));
        code.line(`if (${equal.value}) { ${value} = true; ${isNull} = false; break ${label}; }`);
        if (equal.isNull === null) continue;
        isNullable = true;
        code.line(`if (${equal.isNull}) ${isNull} = true;`);
      }
    });
    return { value, isNull: isNullable ? isNull : null, type: CONDITION };
  }
}

/** Up to so many literals are compared one by one: that is quicker than a Set. */
const CHAIN_MAX = 16;

/** A column of texts in a few literals, by bytes; null: other operands. */
function inTexts({ code, source }: GeneratorContext, { arguments: [first, ...items] }: Call): Generated | null {
  if (first?.kind !== "column" || items.length > CHAIN_MAX) return null;
  const found = items.map((item) => {
    if (item.kind !== "literal" || item.literal.kind !== "string") return null;
    return source.matchText(code, first.index, { kind: "equal", text: item.literal.value });
  });
  const matches = found.filter((each) => each !== null);
  if (matches.length < items.length) return null;
  const has = matches.map(({ condition }) => condition).join(" || ");
  const isNull = matches[0]?.isNull ?? null;
  return { value: isNull === null ? `(${has})` : `(!${isNull} && (${has}))`, isNull, type: CONDITION };
}

/** Literals of the operand's own family; null: the items are compared one by one, as any values. */
function inLiterals(
  { code }: GeneratorContext,
  operand: Generated,
  items: readonly TypedExpression[],
): Generated | null {
  const literals = items.map((item) => literalOf(item, operand.type));
  if (literals.includes(null)) return null;
  const has =
    literals.length > CHAIN_MAX
      ? `${code.constant(new Set(literals))}.has(${operand.value})`
      : literals.map((literal) => `${operand.value} === ${code.constant(literal)}`).join(" || ");
  const value = operand.isNull === null ? `(${has})` : `(!${operand.isNull} && (${has}))`;
  return { value, isNull: operand.isNull, type: CONDITION };
}

function literalOf(item: TypedExpression, { kind }: Generated["type"]): string | number | bigint | null {
  if (item.kind !== "literal") return null;
  const { literal, type } = item;
  if (kind === "char" || kind === "varchar") return literal.kind === "string" ? literal.value : null;
  if (literal.kind !== "number" || (type.kind !== "int" && type.kind !== "bigint")) return null;
  if (kind === "bigint") return BigInt(literal.text);
  return kind === "int" && type.kind === "int" ? Number(literal.text) : null;
}
