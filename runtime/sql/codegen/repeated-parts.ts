/**
 * Owns: which parts of expressions are in them several times, and so are worked out once.
 *
 * SQXI1 A part that looks random numbers or identifiers up is another one each time. All others give the same for the same row.
 */
import type { TypedExpression } from "../validate/typed-tree.ts";
import { hasPart, partsOf } from "../validate/values.ts";

/** Each such part, with a name that it shares with those that are the same. */
export type RepeatedParts = ReadonlyMap<TypedExpression, string>;

const randomFunctions: ReadonlySet<string> = new Set(["RAND", "RAND_INTEGER", "UUID"]);

const isRandom = (part: TypedExpression): boolean =>
  (part.kind === "call" && randomFunctions.has(part.name)) ||
  (part.kind === "userCall" && !part.function.definition.isDeterministic);

export function repeatedParts(expressions: readonly TypedExpression[]): RepeatedParts {
  /** By what a part is, with its own parts by their numbers. */
  const numbers = new Map<string, number>();
  const numberOf = new Map<unknown, number>();
  const counts: number[] = [];
  const visit = (expression: TypedExpression): void => {
    for (const part of partsOf(expression)) visit(part);
    const text = JSON.stringify(expression, (key, value: unknown) => {
      if (key === "at") return undefined;
      const number = value === expression ? undefined : numberOf.get(value);
      return number === undefined ? value : `#${number}`;
    });
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    numberOf.set(expression, number);
    counts[number] = (counts[number] ?? 0) + 1;
  };
  for (const expression of expressions) visit(expression);
  const repeated = [...numberOf].filter(
    ([part, number]) => (counts[number] ?? 0) > 1 && isWorthIt(part as TypedExpression),
  );
  return new Map(repeated.map(([part, number]) => [part as TypedExpression, `part ${number}`]));
}

function isWorthIt(part: TypedExpression): boolean {
  return part.kind !== "literal" && part.kind !== "column" && !hasPart(part, isRandom);
}
