/**
 * Owns: what CREATE FUNCTION makes: the function of a module, or something of which nothing is known.
 *
 * SQZE1 A built-in function is not replaced: its name is taken.
 * SQZE2 Functions in other languages, and of jars, are known by name alone: what uses them is left alone, and cannot be run.
 */
import { assert } from "../../../base/index.ts";
import { checkScript } from "../check/check-script.ts";
import { qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Statement } from "../syntax/statement-tree.ts";
import { boundFunction } from "../user-functions/bound-function.ts";
import type { Catalog, CatalogFunction, GivenFunction } from "./catalog.ts";
import { builtInFunctions } from "./functions/function-table.ts";
import { groupWindowFunctions } from "./group-window.ts";

type Created = Statement & { readonly kind: "createFunction" | "alterFunction" };

const LANGUAGES: ReadonlySet<string> = new Set(["TYPESCRIPT", "JAVASCRIPT"]);

/** Errors: SqlFailure. */
export function createdFunction(statement: Created, { functionSource }: Catalog): CatalogFunction {
  const { name, implementation, language } = statement;
  const written = name.parts.at(-1)?.name ?? "";
  if (isBuiltIn(written))
    fail(name.at, `${written.toUpperCase()} is a built-in function`, "Give the function another name.");
  const module = moduleOf(statement);
  if (module === null) return { kind: "unknown", reason: `is a function in ${language ?? "JAVA"}` };
  const loaded = functionSource(module);
  if (loaded.kind === "unknown") return loaded;
  if (loaded.kind === "refused") return fail(implementation.at, loaded.message, loaded.remedy);
  const bound = boundFunction(written, { origin: implementation.text, definition: loaded.definition });
  if (bound.kind === "refused")
    return fail(implementation.at, `the function ${qualifiedText(name)}: ${bound.reason}`, bound.remedy);
  return { kind: "known", bound };
}

/** Null: its code is in no module (SQZE2). */
function moduleOf(statement: Created): string | null {
  const { implementation, language } = statement;
  if ("jars" in statement && statement.jars.length > 0) return null;
  // Without LANGUAGE, a class of Java has no path.
  const isCode = language === null ? /[/#]/.test(implementation.text) : LANGUAGES.has(language);
  return isCode ? implementation.text : null;
}

/** Its types have been looked at. */
export function givenFunction(name: string, from: Omit<GivenFunction, "name">): CatalogFunction {
  const bound = boundFunction(name, from);
  assert(bound.kind === "bound", `the types of the function ${name} were looked at`);
  return { kind: "known", bound };
}

export const isBuiltIn = (name: string): boolean =>
  builtInFunctions.has(name.toUpperCase()) || groupWindowFunctions.has(name.toUpperCase());

/** What stands behind AS of the functions that a text makes or alters, where it is a module of code. */
export function codeModulesIn(text: string): readonly string[] {
  return checkScript(text).statements.flatMap((statement) =>
    statement.kind === "createFunction" || statement.kind === "alterFunction" ? (moduleOf(statement) ?? []) : [],
  );
}
