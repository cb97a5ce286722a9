/**
 * Owns: what rows the tables and queries of a job have, for whoever builds it to learn that.
 *
 * OBSR1 Only what is built within the call is seen, also when it goes on asynchronously: two builds side by side do not see each other's.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { DeclaredRows } from "./row-declarations.ts";

const observers = new AsyncLocalStorage<(rows: () => DeclaredRows) => void>();

/** Of all environments of tables that `build` makes, as they are when it is done. */
export async function observedRows(build: () => Promise<unknown>): Promise<readonly DeclaredRows[]> {
  const found: (() => DeclaredRows)[] = [];
  await observers.run((rows) => void found.push(rows), build);
  return found.map((rows) => rows());
}

/** Called where an environment of tables is made. */
export function offerRows(rows: () => DeclaredRows): void {
  observers.getStore()?.(rows);
}
