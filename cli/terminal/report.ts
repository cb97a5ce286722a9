/**
 * Owns: what a command shows, as a value for a program: `-o json`, `-o yaml`.
 */
import type { ListFormat } from "../manifests/manifest-command.ts";
import type { Terminal } from "./terminal.ts";

/** Shows the value, unless it is text that is wanted: then false, and the caller shows that. */
export async function showAsValue({ out }: Terminal, format: ListFormat, value: () => object): Promise<boolean> {
  if (format === "text" || format === "wide") return false;
  if (format === "json") out(JSON.stringify(value(), null, 2));
  else out((await import("yaml")).stringify(value(), { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd());
  return true;
}
