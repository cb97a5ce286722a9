import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { validateStreamJob } from "../../crds/index.ts";

const repository = join(import.meta.dirname, "..", "..");

test("the job in the README runs, and counts", () => {
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const [, source] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(source !== undefined, "the README shows a job");
  const folder = mkdtempSync(join(tmpdir(), "streamjob-readme-"));
  try {
    mkdirSync(join(folder, "books"));
    writeFileSync(join(folder, "books", "a.txt"), "to be or not to be\n");
    writeFileSync(join(folder, "job.ts"), source);
    execFileSync(process.execPath, [join(repository, "cli/main.ts"), "run", "job.ts", "-p", "2"], {
      cwd: folder,
      env: { ...process.env, STREAMJOB_HOME: join(folder, "home") },
      stdio: "pipe",
    });
    const parts = execFileSync("cat", ["-s", "--", ...visibleParts(join(folder, "out"))], { encoding: "utf8" });
    const rows = parts.trim().split("\n").toSorted();
    assert.deepEqual(rows, [
      '{"word":"be","count":1}',
      '{"word":"be","count":2}',
      '{"word":"not","count":1}',
      '{"word":"or","count":1}',
      '{"word":"to","count":1}',
      '{"word":"to","count":2}',
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the manifest in the README is one that is accepted", () => {
  const [, text] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(repository, "README.md"), "utf8")) ?? [];
  assert.ok(text !== undefined, "the README shows a manifest");
  const manifest = parse(text) as { metadata: { name: string } };
  const object = { ...manifest, metadata: { ...manifest.metadata, namespace: "default" } };
  assert.deepEqual(validateStreamJob(object), { kind: "valid", job: object });
});

function visibleParts(folder: string): string[] {
  return execFileSync("find", [folder, "-type", "f", "-not", "-name", ".*"], { encoding: "utf8" })
    .split("\n")
    .filter((path) => path !== "");
}

test("every file that docs/architecture.md names is there", () => {
  const page = readFileSync(join(repository, "docs", "architecture.md"), "utf8");
  const named = [...page.matchAll(/`([a-z][a-z-]*\/[a-z/-]*(?:\.ts|\/))`/g)].map(([, path]) => path as string);
  assert.ok(named.length > 120, `${named.length} files are named`);
  const missing = named.filter(
    (path) => !existsSync(join(repository, "runtime", path)) && !existsSync(join(repository, path)),
  );
  assert.deepEqual(missing, []);
});
