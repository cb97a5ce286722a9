/**
 * Owns: the modules of a script's CREATE FUNCTION: found in its text, loaded ahead of the plan, looked up by what stands behind AS.
 * Does not own: what a module's path means, and loading it (the room `program`).
 *
 * FMOD1 `./functions.ts#mask` is the export `mask`; without a name it is the default export. Each module is loaded once for a script, in each process of the job.
 * FMOD2 A module that cannot be loaded is a mistake of the script, at its place there.
 */
import { thrownText } from "../../base/index.ts";
import {
  codeModulesIn,
  type FunctionSource,
  isFunctionDefinition,
  type LoadedFunction,
  nearestName,
} from "../sql/index.ts";

/** Gives what a module exports. `specifier`: as the script has it. Errors: any; their message is shown. */
export type LoadModule = (specifier: string) => Promise<Readonly<Record<string, unknown>>>;

type Loaded =
  | { readonly kind: "module"; readonly exports: Readonly<Record<string, unknown>> }
  | { readonly kind: "failed"; readonly reason: string };

/** Of all functions that the text makes or alters. */
export async function functionModules(text: string, load: LoadModule): Promise<FunctionSource> {
  const modules = new Map<string, Loaded>();
  for (const implementation of codeModulesIn(text)) {
    const { module } = placeOf(implementation);
    if (!modules.has(module)) modules.set(module, await loaded(module, load));
  }
  return (implementation) => functionOf(implementation, modules);
}

function placeOf(implementation: string): { readonly module: string; readonly name: string } {
  const at = implementation.lastIndexOf("#");
  return at < 0
    ? { module: implementation, name: "default" }
    : { module: implementation.slice(0, at), name: implementation.slice(at + 1) };
}

async function loaded(module: string, load: LoadModule): Promise<Loaded> {
  try {
    return { kind: "module", exports: await load(module) };
  } catch (error) {
    // FMOD2: whatever the module throws is its author's to read.
    return { kind: "failed", reason: error instanceof Error ? error.message : thrownText(error) };
  }
}

function functionOf(implementation: string, modules: ReadonlyMap<string, Loaded>): LoadedFunction {
  const { module, name } = placeOf(implementation);
  const found = modules.get(module);
  if (found === undefined) return { kind: "unknown", reason: "is a function whose module was not loaded" };
  if (found.kind === "failed")
    return {
      kind: "refused",
      message: `the module ${module} cannot be used: ${found.reason}`,
      remedy: "The path is relative to the script, as in './functions.ts#mask'.",
    };
  const value = Object.hasOwn(found.exports, name) ? found.exports[name] : undefined;
  if (value === undefined) {
    const nearest = nearestName(name, Object.keys(found.exports));
    return {
      kind: "refused",
      message: `${module} exports no ${name}`,
      remedy:
        nearest === undefined
          ? `Write: export ${name === "default" ? "default" : `const ${name} =`} scalarFunction({ … }).`
          : `Did you mean ${nearest}?`,
    };
  }
  if (isFunctionDefinition(value)) return { kind: "function", definition: value };
  return {
    kind: "refused",
    message: `${name} of ${module} is no function of SQL`,
    remedy: 'Make it with scalarFunction, tableFunction or aggregateFunction of "streamjob/table".',
  };
}
