/**
 * Owns: figures that tests of promises leave for the table of `npm run promises`: lines of JSON in the file that STREAMJOB_FIGURES names.
 */
import { appendFileSync } from "node:fs";

/** A short text for a promise's row; nothing happens when nobody collects them. */
export function figure(id: string, text: string): void {
  const file = process.env["STREAMJOB_FIGURES"];
  if (file !== undefined && file !== "") appendFileSync(file, `${JSON.stringify({ id, text })}\n`);
}
