/**
 * Owns: what `import … from "streamjob"` means in a job module, wherever the module lies.
 *
 * MR1 A job module gets the very modules of the engine that runs it, also from outside of this package's folder, and also when
 *     another copy of the package is installed beside it. In the repository these are TypeScript, in the package JavaScript.
 */
import { registerHooks } from "node:module";

/** Each a folder of `runtime/connectors/` with a door of its own, and a package export. */
const connectorNames: readonly string[] = ["basic", "files", "kafka", "mysql", "redis", "socket"];

const MODULES: ReadonlyMap<string, string> = new Map([
  ["streamjob", new URL("../api/index.ts", import.meta.url).href],
  ["streamjob/table", new URL("../table/index.ts", import.meta.url).href],
  ...connectorNames.map((name): [string, string] => [
    `streamjob/connectors/${name}`,
    new URL(`../connectors/${name}/index.ts`, import.meta.url).href,
  ]),
]);

let provided = false;

/** Makes the names resolve in this thread; calling it again does nothing. */
export function provideStreamjobModules(): void {
  if (provided) return;
  provided = true;
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const url = MODULES.get(specifier);
      return url === undefined
        ? nextResolve(specifier, context)
        : { url, format: url.endsWith(".ts") ? "module-typescript" : "module", shortCircuit: true };
    },
  });
}
