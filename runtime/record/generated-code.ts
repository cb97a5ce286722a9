/**
 * Owns: making functions of text: those that name the fields of one type of records, so that V8 reads and makes a record by its shape, and those of SQL.
 * Called by: row-objects.ts, columns/row-puts.ts, sql/codegen.
 *
 * GCD1 Text of a job gets into such code by `quoted` alone, or as a number in a form of its own; every other value is a parameter.
 * GCD2 Where Node allows no code from text (`--disallow-code-generation-from-strings`) there is none: records go a general way, which gives the same, and SQL says so.
 */

/** A name of a field, as a literal of the code. */
export const quoted = (name: string): string => JSON.stringify(name);

/** A strict function with these parameters and this body (GCD1). Null: GCD2. */
export function generate(parameters: readonly string[], body: string): ((...values: never[]) => unknown) | null {
  try {
    // The one place where text becomes code.
    // oxlint-disable-next-line typescript/no-implied-eval
    return new Function(...parameters, `"use strict";\n${body}`) as (...values: never[]) => unknown;
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}
