/**
 * Owns: adding golden files for forms that have none: what today's program writes. It never changes one that is there.
 * Called by: whoever has raised a version; see test/golden/README.md.
 */
import { existsSync, writeFileSync } from "node:fs";
import { pathOf, textOf } from "../test/golden/form.ts";
import { forms } from "../test/golden/forms.ts";

for (const { file, write } of forms) {
  if (write === null || existsSync(pathOf(file))) continue;
  writeFileSync(pathOf(file), textOf(file, await write()));
  process.stdout.write(`${file}: added\n`);
}
