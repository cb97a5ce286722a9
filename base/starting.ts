/** Door of `base` for the entries of processes and threads: what is done before anything else is loaded. */
export { hastenImports } from "./own-imports.ts";
