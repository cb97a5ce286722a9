/**
 * What a thread or process of a job must not load: its start is a part of every recovery and upgrade.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryFolder } from "./repository.ts";

/** Tells every file that is loaded. What an entry does without a parent of its own, it may fail with: it was loaded by then. */
const PROGRAM = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { process.stdout.write(url + "\\n"); return next(url, context); } });
for (const url of process.argv.slice(1)) await import(url).catch(() => undefined);
process.exit(0);`;

function loadedBy(...paths: readonly string[]): readonly string[] {
  const urls = paths.map((path) => pathToFileURL(repositoryFolder + path).href);
  const args = ["--input-type=module", "-e", PROGRAM, "--", ...urls];
  return spawnSync(process.execPath, args, { encoding: "utf8" }).stdout.split("\n");
}

const programs: Readonly<Record<string, { readonly paths: readonly string[]; readonly has: string }>> = {
  "a slot's thread": { paths: ["runtime/taskmanager/slot-program.ts"], has: "/runtime/taskmanager/slot-host.ts" },
  "a TaskManager's process": {
    paths: ["runtime/taskmanager/index.ts", "main/process-memory.ts", "main/runner-link.ts"],
    has: "/runtime/taskmanager/taskmanager.ts",
  },
};

describe("no schemas are loaded by", () => {
  for (const [name, { paths, has }] of Object.entries(programs))
    it(name, () => {
      const files = loadedBy(...paths);
      assert.ok(
        files.some((file) => file.endsWith(has)),
        `${files.length} files were loaded`,
      );
      assert.deepEqual(
        files.filter((file) => /\/node_modules\/zod\/|\/contract\/index\.ts$|\/checkpoint\/index\.ts$/.test(file)),
        [],
      );
    });
});
