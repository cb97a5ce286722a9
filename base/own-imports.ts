/**
 * Owns: what the imports of the engine's own modules mean, found without looking at the disk.
 * Called by: the entries of processes and threads, before they load anything else: a job of SQL has some 800 modules in each thread, and for each import Node
 * looks for the file, its real path and the package around it, which is a quarter of what loading costs.
 *
 * OWI1 What `ownImport` answers is what Node's own resolution answers. It answers nothing where that takes a look at the disk: all of other people's modules are
 *     resolved by Node.
 * OWI2 An own module names another one by a relative path with its ending, and it is there: the compiler has seen it.
 * OWI3 A package means the same in all own modules, so Node looks for it once.
 */
import { registerHooks } from "node:module";

/** Folders of own modules, below the package's: what tests and examples have is resolved by Node. */
const FOLDERS = ["base", "cli", "contract", "crds", "embedded", "main", "operator", "runtime", "security", "settings"];
/** Packages of many modules, all of one kind, that import each other by relative paths with their ending. */
const PACKAGES = ["zod", "chevrotain", "@chevrotain/[a-z-]+"];

const root = new URL("../", import.meta.url).href;
const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
const ownFormat = ending === ".ts" ? "module-typescript" : "module";
const folders = new Set(FOLDERS);
const ofPackage = new RegExp(`/node_modules/(?:${PACKAGES.join("|")})/[^?#]*[.]js$`);

export type OwnImport = { readonly url: string; readonly format: string };

/** `parent`: the URL of the module that imports. Undefined: Node has to look. */
export function ownImport(specifier: string, parent: string): OwnImport | undefined {
  if (!specifier.startsWith("./") && !specifier.startsWith("../")) return undefined;
  if (isOwn(parent))
    return specifier.endsWith(ending) ? { url: new URL(specifier, parent).href, format: ownFormat } : undefined;
  if (!specifier.endsWith(".js") || !ofPackage.test(parent)) return undefined;
  return { url: new URL(specifier, parent).href, format: "module" };
}

function isOwn(url: string): boolean {
  if (!url.startsWith(root)) return false;
  const folder = url.slice(root.length, url.indexOf("/", root.length));
  return folders.has(folder);
}

let isHastened = false;

/** For this thread; calling it again does nothing. */
export function hastenImports(): void {
  if (isHastened) return;
  isHastened = true;
  const packages = new Map<string, ReturnType<Parameters<typeof registerHooks>[0]["resolve"] & {}>>();
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const parent = context.parentURL;
      if (parent === undefined || !context.conditions.includes("import")) return nextResolve(specifier, context);
      const found = ownImport(specifier, parent);
      if (found !== undefined) return { ...found, shortCircuit: true };
      // OWI3; paths and URLs are of one module.
      if (!/^[@a-z]/.test(specifier) || specifier.includes(":") || !isOwn(parent))
        return nextResolve(specifier, context);
      const known = packages.get(specifier) ?? nextResolve(specifier, context);
      packages.set(specifier, known);
      return { ...known, shortCircuit: true };
    },
  });
}
