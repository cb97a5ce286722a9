/**
 * Owns: the table that q13 looks up in: a value for two of three keys, in a file that is read whole. The same in Java: bench/flink/src/main/java/SideInput.java.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const KEYS = 10_000;

/** Writes the file; the statement that makes the table of it. */
export function sideInput(folder: string): string {
  const path = join(folder, "side_input.csv");
  const keys = Array.from({ length: KEYS }, (_, key) => key).filter((key) => key % 3 !== 0);
  writeFileSync(path, keys.map((key) => `${key},value ${key}\n`).join(""));
  return `CREATE TABLE side_input (key BIGINT, \`value\` STRING) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'csv');\n`;
}
