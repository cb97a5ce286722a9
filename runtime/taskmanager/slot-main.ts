/** Owns: the entry of a slot's thread. What it does: slot-program.ts. */
import { hastenImports } from "../../base/starting.ts";

hastenImports();
await import("./slot-program.ts");
