/**
 * Owns: the expected output that an example's README shows, so that the test compares with what the reader sees.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./streamjob-command.ts";

/** The lines of the fenced block ```text behind the line that begins with `label`. */
export function shownOutput(example: string, label: string): string[] {
  const path = join(repository, "examples", example, "README.md");
  const text = readFileSync(path, "utf8");
  const place = text.indexOf(`\n${label}`);
  const block = /```text\n([\s\S]*?)\n```/.exec(text.slice(place));
  if (place === -1 || block === null) throw new Error(`${path} has no line "${label}" with a block of text behind it`);
  return (block[1] as string).split("\n");
}
