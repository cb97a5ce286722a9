/**
 * Owns: where the program of an incarnation's pods is: run by node with `jobmanager` or `taskmanager` as its argument.
 */
import { fileURLToPath } from "node:url";

/** Absolute path. */
export const podProgram = fileURLToPath(new URL("./pod-main.ts", import.meta.url));
