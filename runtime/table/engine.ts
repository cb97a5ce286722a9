/** Second door of the room `table`, for the engine: what is loaded for a script before it is planned. No package export. */
export type { FunctionSource } from "../sql/index.ts";
export { functionModules, type LoadModule } from "./function-modules.ts";
