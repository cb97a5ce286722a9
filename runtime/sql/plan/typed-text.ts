/**
 * Owns: typed expressions as text, for EXPLAIN and for what a node computes (SQPT2).
 */
import { nameText, stringText } from "../syntax/expression-text.ts";
import { expressionText } from "../syntax/query-text.ts";
import { shownType } from "../types/type-families.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";

/** What a column is called. */
export type NameOf = (index: number) => string;

const infix: ReadonlySet<string> = new Set(
  "AND,OR,=,<>,<,<=,>,>=,+,-,*,/,%,||,LIKE,NOT LIKE,SIMILAR TO,NOT SIMILAR TO,IS DISTINCT FROM,IS NOT DISTINCT FROM".split(
    ",",
  ),
);

export function typedText(value: TypedExpression, nameOf: NameOf): string {
  const of = (part: TypedExpression): string => typedText(part, nameOf);
  const list = (parts: readonly TypedExpression[]): string => parts.map(of).join(", ");
  switch (value.kind) {
    case "literal":
      return value.literal.kind === "null" ? "NULL" : expressionText(value.literal);
    case "column":
      return nameOf(value.index);
    case "field":
      return `${of(value.operand)}.${nameText({ kind: "identifier", at: value.at, name: value.name })}`;
    case "call":
      return callText(value, of);
    case "userCall":
      return `${value.function.name}(${list(value.arguments)})`;
    case "json":
      return jsonText(value, list(value.arguments));
    case "cast":
      return `${value.isTry ? "TRY_CAST" : "CAST"}(${of(value.operand)} AS ${shownType(value.type)})`;
    case "case": {
      const branches = value.branches.map(({ when, result }) => ` WHEN ${of(when)} THEN ${of(result)}`);
      const operand = value.operand === null ? "" : ` ${of(value.operand)}`;
      const otherwise = value.otherwise === null ? "" : ` ELSE ${of(value.otherwise)}`;
      return `CASE${operand}${branches.join("")}${otherwise} END`;
    }
    case "row":
      return `ROW(${list(value.items)})`;
    case "array":
    case "map":
      return `${value.kind.toUpperCase()}[${list(value.items)}]`;
    default:
      throw new RangeError(`${value.kind} in an expression of a plan`);
  }
}

function callText(
  { name, arguments: args, words }: TypedExpression & { readonly kind: "call" },
  of: (part: TypedExpression) => string,
): string {
  const [first, second, third] = args.map(of);
  if (infix.has(name) && first !== undefined && second !== undefined) {
    const escape = third === undefined ? "" : ` ESCAPE ${third}`;
    return `(${first} ${name} ${second}${escape})`;
  }
  if (name.startsWith("IS ") && args.length === 1) return `(${first} ${name})`;
  if (/^(NOT )?BETWEEN/.test(name)) return `(${first} ${name} ${second} AND ${third})`;
  if (name === "IN" || name === "NOT IN") return `(${first} ${name} (${args.slice(1).map(of).join(", ")}))`;
  if (name === "[]") return `${first}[${second}]`;
  if ((name === "NOT" || name === "-" || name === "+") && args.length === 1)
    return `${name}${name === "NOT" ? " " : ""}${first}`;
  return `${name}(${[...words, ...args.map(of)].join(", ")})`;
}

function jsonText({ call }: TypedExpression & { readonly kind: "json" }, args: string): string {
  const { name, wrapper, onEmpty, onError, onNull } = call;
  const behaviors = [onEmpty, onError].map((behavior) =>
    behavior === null
      ? ""
      : behavior.kind === "keyword"
        ? behavior.text
        : `DEFAULT ${stringText(expressionText(behavior.value))}`,
  );
  const words = [
    wrapper === null ? "" : `${wrapper} WRAPPER`,
    ...behaviors,
    onNull === null ? "" : `${onNull} ON NULL`,
  ];
  return `${name}(${[args, ...words].filter((word) => word !== "").join(" ")})`;
}
