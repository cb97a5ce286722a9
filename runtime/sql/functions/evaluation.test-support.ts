/**
 * Owns: the value of an expression without columns, for tests of functions: read and typed as a query's, and worked out call by call. What is not a literal, a call or a constructor is
 * the compiler's.
 */
import assert from "node:assert/strict";
import { type Clock, seededRandom } from "../../../base/index.ts";
import type { SqlSession } from "../session.ts";
import type { Literal } from "../syntax/expression-tree.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { validateScript } from "../validate/validate-script.ts";
import { jsonFunction } from "./json/json-function.ts";
import { scalarFunction } from "./scalar-function.ts";
import type { ScalarImplementation } from "./scalar-implementation.ts";
import { readDefault } from "./time/time-texts.ts";

/** 2026-01-31 23:30:05.678 in UTC. */
export const NOW_MS = Date.UTC(2026, 0, 31, 23, 30, 5, 678);

const clock: Clock = {
  nowMs: () => NOW_MS,
  monotonicMs: () => 0,
  after: () => assert.fail("an expression waits for nothing"),
};

const session: SqlSession = { timeZone: "UTC", clock, random: seededRandom(7) };

/** The value, and it may be NULL only where the type says so. */
export function evaluate(expression: string, changes: Partial<SqlSession> = {}): unknown {
  const tree = typedTree(expression);
  const value = valueOf(tree, { ...session, ...changes });
  if (value === null) assert.ok(tree.type.isNullable, `${expression} is NULL, and its type says that it never is`);
  return value;
}

/** One implementation, called so many times. */
export function evaluateRepeatedly(expression: string, times: number): readonly unknown[] {
  const tree = typedTree(expression);
  assert.ok(tree.kind === "call", expression);
  const implementation = implementationOf(tree, session);
  const values = tree.arguments.map((argument) => valueOf(argument, session));
  return Array.from({ length: times }, () => implementation.call(...(values as never[])));
}

/** Errors: AssertionError, with the message and the remedy of the problem. */
export function typedTree(expression: string): TypedExpression {
  const { statements, problems } = validateScript(`SELECT ${expression} AS made`);
  assert.deepEqual(
    problems.map(({ message, remedy }) => `${message}. ${remedy}`),
    [],
    expression,
  );
  const meaning = statements[0]?.meaning;
  assert.ok(meaning?.kind === "query" && meaning.query.body.kind === "select", expression);
  const [item] = meaning.query.body.items;
  assert.ok(item, expression);
  return item;
}

function valueOf(tree: TypedExpression, of: SqlSession): unknown {
  switch (tree.kind) {
    case "literal":
      return literalValue(tree.literal, tree);
    case "cast":
      return castValue(tree, of);
    case "array":
      return tree.items.map((item) => valueOf(item, of));
    case "map": {
      const values = tree.items.map((item) => valueOf(item, of));
      return new Map(values.flatMap((key, index) => (index % 2 === 0 ? [[key, values[index + 1]] as const] : [])));
    }
    case "row":
      return Object.fromEntries(tree.items.map((item, index) => [`EXPR$${index}`, valueOf(item, of)]));
    case "json":
      return called(jsonFunction(tree), tree.arguments, of);
    case "call":
      if (tree.name === "-" && tree.arguments.length === 1)
        return -(valueOf(tree.arguments[0] as TypedExpression, of) as number);
      return called(implementationOf(tree, of), tree.arguments, of);
    default:
      return assert.fail(`no ${tree.kind} in these tests`);
  }
}

function implementationOf(tree: TypedExpression & { kind: "call" }, of: SqlSession): ScalarImplementation {
  const factory = scalarFunction(tree.name);
  assert.ok(factory, `there is no ${tree.name}`);
  const result = tree.type;
  assert.ok(result.kind !== "null", tree.name);
  return factory({ arguments: tree.arguments.map(({ type }) => type), result, words: tree.words, session: of });
}

function called(implementation: ScalarImplementation, args: readonly TypedExpression[], of: SqlSession): unknown {
  const values = args.map((argument) => valueOf(argument, of));
  if (!implementation.takesNulls && values.includes(null)) return null;
  return implementation.call(...(values as never[]));
}

function literalValue(literal: Literal, { type }: TypedExpression): unknown {
  switch (literal.kind) {
    case "null":
      return null;
    case "boolean":
    case "string":
      return literal.value;
    case "number":
      return numberValue(literal.text, type);
    case "bytes":
      return Uint8Array.from(Buffer.from(literal.hex, "hex"));
    case "temporal":
      return timeValue(literal.type === "TIME" ? `1970-01-01 ${literal.text}` : literal.text, type);
    case "interval":
      return Number(literal.text) * intervalUnits[literal.qualifier.from as keyof typeof intervalUnits];
    default:
      return assert.fail("a literal of an unknown kind");
  }
}

const intervalUnits = { YEAR: 12, MONTH: 1, DAY: 86_400_000, HOUR: 3_600_000, MINUTE: 60_000, SECOND: 1000 } as const;

function numberValue(text: string, type: TypedExpression["type"]): unknown {
  if (type.kind === "bigint") return BigInt(text);
  return type.kind === "decimal" ? BigInt(text.replace(".", "")) : Number(text);
}

function timeValue(text: string, type: TypedExpression["type"]): unknown {
  const time = readDefault(text);
  assert.ok(time, text);
  if (type.kind !== "timestamp" || type.precision <= 3) return time.clockMs;
  return BigInt(time.clockMs) * 1_000_000n + BigInt(time.nanos);
}

/** The few casts that make arguments of a type. */
function castValue({ operand, type }: TypedExpression & { kind: "cast" }, of: SqlSession): unknown {
  const value = valueOf(operand, of);
  if (value === null) return null;
  switch (type.kind) {
    case "bigint":
      return BigInt(value as number);
    case "float":
    case "double": {
      const scale = operand.type.kind === "decimal" ? operand.type.scale : 0;
      return Number(`${String(value)}E-${scale}`);
    }
    case "decimal": {
      const scale = operand.type.kind === "decimal" ? operand.type.scale : 0;
      return BigInt(value as number) * 10n ** BigInt(type.scale - scale);
    }
    case "timestamp":
    case "timestamp_ltz":
      return typeof value === "string" ? timeValue(value, type) : value;
    case "varchar":
      return String(value);
    default:
      return value;
  }
}
