/**
 * The examples of docs/testing.md are written to files, type-checked, and run: their tests are tests of this file.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(repository, "docs/testing.md"), "utf8");
mkdirSync(join(repository, "tmp"), { recursive: true });
// Inside of the repository, where the examples' imports and their types are found.
const folder = mkdtempSync(join(repository, "tmp", "testing-docs-"));
after(() => rmSync(folder, { recursive: true }));

const examples = [...page.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm)].map(([, name = "", code = ""]) => ({
  path: join(folder, name),
  code,
}));
for (const { path, code } of examples) {
  const resolved = code
    .replaceAll(/from "streamjob\/connectors\/(\w+)"/g, 'from "../../runtime/connectors/$1/index.ts"')
    .replaceAll('from "streamjob/testkit"', 'from "../../runtime/testkit/index.ts"')
    .replaceAll('from "streamjob"', 'from "../../runtime/api/index.ts"');
  writeFileSync(path, resolved);
}

test("the examples compile, and every block of TypeScript on the page is one", async () => {
  assert.equal(page.match(/^```ts/gm)?.length, examples.length);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }));
  const compiler = fileURLToPath(import.meta.resolve("typescript/package.json"));
  const { bin } = JSON.parse(readFileSync(compiler, "utf8")) as { bin: { tsc: string } };
  const result = await promisify(execFile)(process.execPath, [
    join(compiler, "..", bin.tsc),
    "--noEmit",
    "-p",
    folder,
  ]).catch((error: { stdout: string }) => error);
  assert.deepEqual(
    result.stdout.split("\n").filter((line) => line.includes("testing-docs-")),
    [],
  );
});

const withTests = examples.filter(({ path }) => path.endsWith(".test.ts"));
assert.equal(withTests.length, 2);
for (const { path } of withTests) await import(pathToFileURL(path).href);
