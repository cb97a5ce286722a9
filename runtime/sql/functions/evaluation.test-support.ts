/**
 * Owns: the value of an expression without columns, for tests of functions: read, typed and compiled as a query's. A DATE is its milliseconds.
 */
import assert from "node:assert/strict";
import { type Clock, seededRandom } from "../../../base/index.ts";
import { compileScalar } from "../codegen/scalar.ts";
import type { SqlSession } from "../session.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { validateScript } from "../validate/validate-script.ts";

/** 2026-01-31 23:30:05.678 in UTC. */
export const NOW_MS = Date.UTC(2026, 0, 31, 23, 30, 5, 678);

const clock: Clock = {
  nowMs: () => NOW_MS,
  monotonicMs: () => 0,
  after: () => assert.fail("an expression waits for nothing"),
};

/** The value, and it may be NULL only where the type says so. */
export function evaluate(expression: string, changes: Partial<SqlSession> = {}): unknown {
  const [value] = evaluateRepeatedly(expression, 1, changes);
  if (value === null)
    assert.ok(typedTree(expression).type.isNullable, `${expression} is NULL, and its type says that it never is`);
  return value;
}

/** Compiled once, and worked out so many times. */
export function evaluateRepeatedly(
  expression: string,
  times: number,
  changes: Partial<SqlSession> = {},
): readonly unknown[] {
  const session: SqlSession = { timeZone: "UTC", clock, random: seededRandom(7), ...changes };
  const compiled = compileScalar(typedTree(expression), [], session);
  return Array.from({ length: times }, () => {
    const value = compiled({});
    return value instanceof Date ? value.getTime() : value;
  });
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
