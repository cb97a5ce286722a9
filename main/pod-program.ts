/**
 * Owns: where the program of an incarnation's pods is: run by node with `jobmanager`, `taskmanager` or `storage` as its argument.
 */
import { fileURLToPath } from "node:url";

/** Absolute path. */
export const podProgram = fileURLToPath(new URL("./pod-main.ts", import.meta.url));
