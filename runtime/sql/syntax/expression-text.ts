/**
 * Owns: the text of names, types and expressions, from their trees.
 *
 * SQLF1 What is written is read as the same tree again; parentheses stand only where it would be read as another one without them.
 * SQLF2 A name has backticks where it needs them, and there only.
 */
import { unreachable } from "../../../base/index.ts";
import type {
  Call,
  CallSuffix,
  Expression,
  ExpressionOf,
  FrameBound,
  Identifier,
  IntervalQualifier,
  JsonBehavior,
  JsonCall,
  QualifiedName,
  TypeName,
  WindowSpecification,
} from "./expression-tree.ts";
import { ambiguousWords, bareFunctions, callableWords, reservedWords } from "./keywords.ts";
import type { OrderItem, Query } from "./query-tree.ts";

/** Of queries, which contain expressions and are contained in them: handed in, so that the two files do not import each other. */
export type QueryText = (query: Query) => string;

export const stringText = (value: string): string => `'${value.replaceAll("'", "''")}'`;

export function nameText({ name }: Identifier): string {
  const word = name.toUpperCase();
  const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reservedWords.has(word) && !ambiguousWords.has(word);
  return isPlain ? name : `\`${name.replaceAll("`", "``")}\``;
}

export const qualifiedText = ({ parts }: QualifiedName): string => parts.map(nameText).join(".");
export const nameListText = (names: readonly Identifier[]): string => `(${names.map(nameText).join(", ")})`;

const functionNameText = ({ parts }: QualifiedName): string =>
  parts.map((part) => (callableWords.has(part.name.toUpperCase()) ? part.name : nameText(part))).join(".");

function intervalText({ from, precision, to, fraction }: IntervalQualifier): string {
  if (to === null && fraction !== null) return `${from}(${precision ?? 2}, ${fraction})`;
  const head = precision === null ? from : `${from}(${precision})`;
  if (to === null) return head;
  return `${head} TO ${to}${fraction === null ? "" : `(${fraction})`}`;
}

export function typeText(type: TypeName): string {
  return `${bareTypeText(type)}${type.isNullable ? "" : " NOT NULL"}`;
}

function bareTypeText(type: TypeName): string {
  switch (type.kind) {
    case "simple":
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.join(", ")})`;
    case "intervalType":
      return `INTERVAL ${intervalText(type.qualifier)}`;
    case "arrayType":
      return `ARRAY<${typeText(type.element)}>`;
    case "multisetType":
      return `MULTISET<${typeText(type.element)}>`;
    case "mapType":
      return `MAP<${typeText(type.key)}, ${typeText(type.value)}>`;
    case "rowType": {
      const fields = type.fields.map(
        (field) =>
          `${nameText(field.name)} ${typeText(field.type)}${field.comment === null ? "" : ` ${stringText(field.comment)}`}`,
      );
      return `ROW<${fields.join(", ")}>`;
    }
    case "rawType":
      return `RAW(${stringText(type.className)}, ${stringText(type.snapshot)})`;
    case "userType":
      return qualifiedText(type.name);
    default:
      return unreachable(type);
  }
}

/** How tightly an expression binds (SQLO1); what stands in a place that asks for more gets parentheses. */
const OR = 1;
const AND = 2;
const NOT = 3;
const TEST = 4;
const COMPARISON = 5;
const PREDICATE = 6;
const SUM = 7;
const PRODUCT = 8;
const SIGN = 9;
const ACCESS = 10;
const PRIMARY = 11;

function tightnessOf(expression: Expression): number {
  switch (expression.kind) {
    case "binary":
      if (expression.operator === "OR") return OR;
      if (expression.operator === "AND") return AND;
      if (expression.operator === "+" || expression.operator === "-") return SUM;
      return ["||", "*", "/", "%"].includes(expression.operator) ? PRODUCT : COMPARISON;
    case "unary":
      return expression.operator === "NOT" ? NOT : SIGN;
    case "is":
    case "isDistinct":
      return TEST;
    case "quantified":
      return COMPARISON;
    case "between":
    case "inList":
    case "inQuery":
    case "like":
      return PREDICATE;
    case "element":
    case "field":
      return ACCESS;
    default:
      return PRIMARY;
  }
}

export class ExpressionText {
  readonly #query: QueryText;

  constructor(query: QueryText) {
    this.#query = query;
  }

  of(expression: Expression): string {
    return this.#write(expression);
  }

  listOf(expressions: readonly Expression[]): string {
    return expressions.map((expression) => this.#write(expression)).join(", ");
  }

  ordersOf(items: readonly OrderItem[]): string {
    return items
      .map(({ value, direction, nulls }) => {
        const nullsText = nulls === null ? "" : ` NULLS ${nulls}`;
        return `${this.#write(value)}${direction === "DESC" ? " DESC" : ""}${nullsText}`;
      })
      .join(", ");
  }

  /** In a place where something must bind at least that tightly. */
  #in(expression: Expression, least: number): string {
    const text = this.#write(expression);
    return tightnessOf(expression) < least ? `(${text})` : text;
  }

  #write(expression: Expression): string {
    switch (expression.kind) {
      case "null":
        return "NULL";
      case "boolean":
        return expression.value ? "TRUE" : "FALSE";
      case "number":
        return expression.text;
      case "string":
        return stringText(expression.value);
      case "bytes":
        return `X'${expression.hex}'`;
      case "binary":
        return this.#binary(expression);
      case "temporal":
        return `${expression.type} ${stringText(expression.text)}`;
      case "interval": {
        const sign = expression.isNegative ? "-" : "";
        return `INTERVAL ${sign}${stringText(expression.text)} ${intervalText(expression.qualifier)}`;
      }
      case "column":
        return expression.path.map(nameText).join(".");
      case "unary":
        return expression.operator === "NOT"
          ? `NOT ${this.#in(expression.operand, NOT)}`
          : // Two minus signs would begin a comment.
            `${expression.operator} ${this.#in(expression.operand, SIGN)}`;
      case "case":
        return this.#case(expression);
      case "cast": {
        const text = `${this.#write(expression.operand)} AS ${typeText(expression.type)}`;
        return `${expression.isTry ? "TRY_CAST" : "CAST"}(${text})`;
      }
      case "call":
        return this.#call(expression);
      case "jsonCall":
        return `${this.#jsonCall(expression)}${this.#suffix(expression.suffix)}`;
      case "row":
        return `ROW(${this.listOf(expression.items)})`;
      case "array":
        return `ARRAY[${this.listOf(expression.items)}]`;
      case "map":
        return `MAP[${this.listOf(expression.items)}]`;
      case "element":
        return `${this.#in(expression.operand, ACCESS)}[${this.#write(expression.index)}]`;
      case "field": {
        const { operand, field } = expression;
        // A dot behind a column would make the path longer; behind a number it would be a decimal point.
        const isPlain = operand.kind !== "column" && operand.kind !== "number";
        return `${isPlain ? this.#in(operand, ACCESS) : `(${this.#write(operand)})`}.${nameText(field)}`;
      }
      case "subquery":
        return `(${this.#query(expression.query)})`;
      case "exists":
        return `EXISTS (${this.#query(expression.query)})`;
      case "star":
        return "*";
      case "keyword":
        return expression.text;
      case "descriptor":
        return `DESCRIPTOR${nameListText(expression.columns)}`;
      case "namedArgument":
        return `${nameText(expression.name)} => ${this.#write(expression.value)}`;
      case "tableArgument": {
        const { source, partitionBy, orderBy } = expression;
        const table = source.kind === "name" ? qualifiedText(source) : `(${this.#query(source)})`;
        const [keys, order] = [
          partitionBy.length > 1 ? ` PARTITION BY (${this.listOf(partitionBy)})` : this.#partitions(partitionBy),
          orderBy.length > 1 ? ` ORDER BY (${this.ordersOf(orderBy)})` : this.#orders(orderBy),
        ];
        return `TABLE ${table}${keys}${order}`;
      }
      default:
        return this.#predicate(expression);
    }
  }

  #predicate(
    expression: ExpressionOf<"is" | "isDistinct" | "between" | "inList" | "inQuery" | "like" | "quantified">,
  ): string {
    const not = "isNegated" in expression && expression.isNegated ? "NOT " : "";
    switch (expression.kind) {
      case "is":
        return `${this.#in(expression.operand, TEST)} IS ${not}${expression.test}`;
      case "isDistinct": {
        const right = this.#in(expression.right, COMPARISON);
        return `${this.#in(expression.left, TEST)} IS ${not}DISTINCT FROM ${right}`;
      }
      case "between": {
        const { operand, low, high, isSymmetric } = expression;
        const symmetric = isSymmetric ? "SYMMETRIC " : "";
        const range = `${this.#in(low, SUM)} AND ${this.#in(high, SUM)}`;
        return `${this.#in(operand, PREDICATE)} ${not}BETWEEN ${symmetric}${range}`;
      }
      case "inList":
        return `${this.#in(expression.operand, PREDICATE)} ${not}IN (${this.listOf(expression.items)})`;
      case "inQuery":
        return `${this.#in(expression.operand, PREDICATE)} ${not}IN (${this.#query(expression.query)})`;
      case "like": {
        const { operand, operator, pattern, escape } = expression;
        const text = `${this.#in(operand, PREDICATE)} ${not}${operator} ${this.#in(pattern, SUM)}`;
        return escape === null ? text : `${text} ESCAPE ${this.#in(escape, SUM)}`;
      }
      case "quantified": {
        const { operand, operator, quantifier, query } = expression;
        return `${this.#in(operand, COMPARISON)} ${operator} ${quantifier} (${this.#query(query)})`;
      }
      default:
        return unreachable(expression);
    }
  }

  /** To the left: a right operand that binds no tighter needs parentheses. */
  #binary(expression: ExpressionOf<"binary">): string {
    const least = tightnessOf(expression);
    const left = this.#in(expression.left, least);
    return `${left} ${expression.operator} ${this.#in(expression.right, least + 1)}`;
  }

  #case({ operand, branches, otherwise }: ExpressionOf<"case">): string {
    const parts = branches.map(({ when, result }) => ` WHEN ${this.#write(when)} THEN ${this.#write(result)}`);
    const head = operand === null ? "CASE" : `CASE ${this.#write(operand)}`;
    const tail = otherwise === null ? "" : ` ELSE ${this.#write(otherwise)}`;
    return `${head}${parts.join("")}${tail} END`;
  }

  #call(call: Call): string {
    const text = this.#wordedCall(call) ?? this.#plainCall(call);
    return `${text}${this.#suffix(call.suffix)}`;
  }

  #plainCall({ name, quantifier, arguments: args }: Call): string {
    const [first] = name.parts;
    if (args.length === 0 && name.parts.length === 1 && first !== undefined && bareFunctions.has(first.name))
      return first.name;
    return `${functionNameText(name)}(${quantifier === null ? "" : `${quantifier} `}${this.listOf(args)})`;
  }

  /** Calls with words between their arguments. */
  #wordedCall({ name, arguments: args }: Call): string | null {
    const [first, second, third, fourth] = args;
    const word = name.parts.length === 1 ? (name.parts[0]?.name ?? "") : "";
    if (first === undefined) return null;
    switch (word) {
      case "EXTRACT":
        return second === undefined ? null : `EXTRACT(${this.#write(first)} FROM ${this.#write(second)})`;
      case "FLOOR":
      case "CEIL":
      case "CEILING":
        return second === undefined ? null : `${word}(${this.#write(first)} TO ${this.#write(second)})`;
      case "TRIM": {
        if (second === undefined || third === undefined) return `TRIM(${this.#write(first)})`;
        const characters = second.kind === "null" ? "" : `${this.#write(second)} `;
        return `TRIM(${this.#write(first)} ${characters}FROM ${this.#write(third)})`;
      }
      case "TIMESTAMPADD":
      case "TIMESTAMPDIFF":
        return first.kind === "keyword" ? `${word}(${this.listOf(args)})` : null;
      case "SUBSTRING":
        return `SUBSTRING(${this.listOf(args)})`;
      case "POSITION":
        return second === undefined ? null : `POSITION(${this.#in(first, SUM)} IN ${this.#in(second, SUM)})`;
      case "OVERLAY": {
        if (second === undefined || third === undefined) return null;
        const length = fourth === undefined ? "" : ` FOR ${this.#write(fourth)}`;
        return `OVERLAY(${this.#write(first)} PLACING ${this.#write(second)} FROM ${this.#write(third)}${length})`;
      }
      default:
        return null;
    }
  }

  #jsonCall(call: JsonCall): string {
    const { name, arguments: args, returning, wrapper, onEmpty, onError, onNull } = call;
    const onNullText = onNull === null ? "" : `${args.length === 0 ? "" : " "}${onNull} ON NULL`;
    if (name === "JSON_OBJECT" || name === "JSON_OBJECTAGG") {
      const pairs: string[] = [];
      for (let index = 0; index < args.length; index += 2) {
        const [key, value] = args.slice(index, index + 2);
        if (key !== undefined && value !== undefined) pairs.push(`KEY ${this.#write(key)} VALUE ${this.#write(value)}`);
      }
      return `${name}(${pairs.join(", ")}${onNullText})`;
    }
    const returningText = returning === null ? "" : ` RETURNING ${typeText(returning)}`;
    const wrapperText = wrapper === null ? "" : ` ${wrapper === "WITHOUT" ? wrapper : `WITH ${wrapper}`} ARRAY WRAPPER`;
    const behaviors = `${this.#behavior(onEmpty, "EMPTY")}${this.#behavior(onError, "ERROR")}`;
    return `${name}(${this.listOf(args)}${returningText}${wrapperText}${behaviors}${onNullText})`;
  }

  #behavior(behavior: JsonBehavior | null, event: string): string {
    if (behavior === null) return "";
    return ` ${behavior.kind === "keyword" ? behavior.text : `DEFAULT ${this.#write(behavior.value)}`} ON ${event}`;
  }

  #suffix(suffix: CallSuffix | null): string {
    if (suffix === null) return "";
    const { nullTreatment, withinGroup, filter, over } = suffix;
    return [
      nullTreatment === null ? "" : ` ${nullTreatment} NULLS`,
      withinGroup.length === 0 ? "" : ` WITHIN GROUP (ORDER BY ${this.ordersOf(withinGroup)})`,
      filter === null ? "" : ` FILTER (WHERE ${this.#write(filter)})`,
      over === null ? "" : ` OVER ${this.windowOf(over)}`,
    ].join("");
  }

  windowOf({ base, partitionBy, orderBy, frame }: WindowSpecification): string {
    if (base !== null && partitionBy.length + orderBy.length === 0 && frame === null) return nameText(base);
    return this.windowInParentheses({ base, partitionBy, orderBy, frame });
  }

  /** As WINDOW w AS wants it. */
  windowInParentheses({ base, partitionBy, orderBy, frame }: Omit<WindowSpecification, "kind" | "at">): string {
    const parts = [
      base === null ? "" : nameText(base),
      this.#partitions(partitionBy).trim(),
      this.#orders(orderBy).trim(),
      frame === null
        ? ""
        : frame.end === null
          ? `${frame.unit} ${this.#bound(frame.start)}`
          : `${frame.unit} BETWEEN ${this.#bound(frame.start)} AND ${this.#bound(frame.end)}`,
    ];
    return `(${parts.filter((part) => part !== "").join(" ")})`;
  }

  #bound(bound: FrameBound): string {
    if (bound.kind === "currentRow") return "CURRENT ROW";
    return `${bound.kind === "unbounded" ? "UNBOUNDED" : this.#in(bound.value, SUM)} ${bound.direction}`;
  }

  #partitions(keys: readonly Expression[]): string {
    return keys.length === 0 ? "" : ` PARTITION BY ${this.listOf(keys)}`;
  }

  #orders(items: readonly OrderItem[]): string {
    return items.length === 0 ? "" : ` ORDER BY ${this.ordersOf(items)}`;
  }
}
