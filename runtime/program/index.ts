/** Room `program`: what is run: a job module is found, loaded, and built into a stream graph. */
export { codePlace } from "./code-place.ts";
export { loadJobGraph, loadStreamGraph, modulesBeside, type ModuleSource, scriptFunctions } from "./load.ts";
