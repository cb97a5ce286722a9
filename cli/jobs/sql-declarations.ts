/**
 * Owns: `streamjob sql --declarations`: the rows of tables, views and queries on stdout, as a module of TypeScript.
 * Not here: its text (runtime/table/row-declarations.ts).
 *
 * SQDC1 A job module is built as for `streamjob explain`: its graph is made and thrown away, nothing is started.
 * SQDC2 Nothing is on stdout unless all of it is right.
 */
import { basename, resolve } from "node:path";
import { StreamError } from "../../base/index.ts";
import { loadStreamGraph } from "../../runtime/program/index.ts";
import { type DeclaredRows, observedRows, rowDeclarations } from "../../runtime/table/engine.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";

/** SQDC1. Errors: those of the module; OPTION_INVALID: it has no tables. */
export async function rowsOfModule(file: string, args: readonly string[]): Promise<readonly DeclaredRows[]> {
  const rows = await observedRows(() => loadStreamGraph({ module: resolve(file), options: {}, args }));
  if (rows.length > 0) return rows;
  throw new StreamError(
    "OPTION_INVALID",
    `${file} makes no tables: it does not call tableEnvironment(env). Name a job module that does, or a script.`,
  );
}

/** SQDC2. `name`: of what the rows are of, as the person has written it. */
export function sayDeclarations(terminal: Terminal, name: string, rows: readonly DeclaredRows[]): ExitCode {
  const own = basename(name);
  const declarations = rowDeclarations(
    { tables: rows.flatMap(({ tables }) => tables), queries: rows.flatMap(({ queries }) => queries) },
    [`The rows of ${own}, as they are in streams. Made by \`streamjob sql --declarations ${own}\`; do not edit.`],
  );
  if (declarations.kind === "declarations") terminal.out(declarations.text);
  else for (const reason of declarations.reasons) terminal.say(terminal.colors.red(`${name}: ${reason}`));
  return declarations.kind === "declarations" ? 0 : 1;
}
