/**
 * Owns: the Flink parser of dt-sql-parser, as a second opinion on what Flink SQL is.
 *
 * The package imports folders and files without endings, as only bundlers understand; Node is told how while it is loaded.
 */
import { registerHooks } from "node:module";

type Oracle = { validate(text: string): readonly { readonly message: string }[] };

export async function loadOracle(): Promise<Oracle> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith(".") || context.parentURL?.includes("/dt-sql-parser/") !== true)
        return next(specifier, context);
      for (const ending of ["", ".js", "/index.js"]) {
        try {
          return next(`${specifier}${ending}`, context);
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code !== "ERR_MODULE_NOT_FOUND" && code !== "ERR_UNSUPPORTED_DIR_IMPORT") throw error;
        }
      }
      return next(specifier, context);
    },
  });
  try {
    const { FlinkSQL } = (await import("dt-sql-parser")) as { readonly FlinkSQL: new () => Oracle };
    return new FlinkSQL();
  } finally {
    hooks.deregister();
  }
}
