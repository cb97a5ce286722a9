/** Owns: the entry of the TaskManager process of a local cluster. What it does: taskmanager-process.ts. */
import { hastenImports } from "../base/starting.ts";

hastenImports();
await import("./taskmanager-process.ts");
