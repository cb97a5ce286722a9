/** Door of `contract` for processes that need the names alone: the schemas of all messages are a quarter of what a TaskManager's main thread would load. */
export { podVariables } from "./pod-variables.ts";
