/** Owns: the entry of the JobManager process of a local cluster. What it does: jobmanager-process.ts. */
import { hastenImports } from "../base/starting.ts";

hastenImports();
await import("./jobmanager-process.ts");
