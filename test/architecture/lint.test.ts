/**
 * Proves that the linter's configuration is alive: violations planted in a folder of their own, with the repository's configuration, are found.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { repositoryFolder } from "./repository.ts";

const clock = "export const now = (): number => Date.now();\n";
const globals = "no-restricted-globals";
const properties = "no-restricted-properties";
const imports = "no-restricted-imports";

/** File, source, and the rule that has to find something in it; undefined where the same source is allowed. */
const planted: readonly (readonly [string, string, string | undefined])[] = [
  ["runtime/graph/date.ts", "export const at = (ms: number): Date => new Date(ms);\n", globals],
  ["runtime/time/timer.ts", "export const later = (f: () => void): unknown => queueMicrotask(f);\n", globals],
  ["runtime/record/fetch.ts", `export const get = (): unknown => fetch("http://localhost");\n`, globals],
  ["operator/reconcile/process.ts", "export const id = (): number => process.pid;\n", globals],
  ["runtime/checkpoint/decide.ts", `export { readFileSync } from "node:fs";\n`, imports],
  ["runtime/checkpoint/save-workflow.ts", `export { readFileSync } from "node:fs";\n`, undefined],
  ["runtime/record/random.ts", "export const dice = (): number => Math.random();\n", properties],
  ["runtime/exchange/clock.ts", clock, properties],
  ["runtime/exchange/timer.ts", "export const later = (f: () => void): unknown => setTimeout(f, 1);\n", globals],
  ["runtime/exchange/environment.ts", "export const home = process.env;\n", properties],
  ["runtime/exchange/id.ts", `export { randomUUID } from "node:crypto";\n`, imports],
  ["runtime/exchange/hash.ts", `export { createHash } from "node:crypto";\n`, undefined],
  ["base/system.ts", clock, undefined],
  ["base/clock.ts", clock, properties],
  ["embedded/kubelet/clock.ts", clock, properties],
  ["main/clock.ts", clock, properties],
  ["cli/clock.ts", clock, properties],
  ["runtime/graph/date.test.ts", clock, undefined],
  ["tools/clock.ts", clock, undefined],
  ["runtime/state/any.ts", "export const cast = (x: unknown): any => x;\n", "no-explicit-any"],
  ["runtime/state/unused.ts", "const forgotten = 1;\nexport {};\n", "no-unused-vars"],
  [
    "runtime/state/floating.ts",
    "export async function save(): Promise<void> {}\nexport function run(): void {\n  save();\n}\n",
    "no-floating-promises",
  ],
  [
    "runtime/state/misused.ts",
    "export function each(xs: number[]): void {\n  xs.forEach(async () => {});\n}\n",
    "no-misused-promises",
  ],
  ["runtime/rest/forgotten.ts", "export const f = (g: () => Promise<void>): void => void g();\n", "no-void"],
  ["embedded/kubelet/forgotten.ts", "export function f(g: () => Promise<void>): void {\n  void g();\n}\n", "no-void"],
  [
    "runtime/state/heap.test.ts",
    `import { it } from "node:test";\nit("is no floating promise", () => {});\n`,
    undefined,
  ],
];

describe("the linter's configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-lint-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of [".oxlintrc.json", "tsconfig.json", "package.json"]) {
    copyFileSync(join(repositoryFolder, name), join(folder, name));
  }
  symlinkSync(join(repositoryFolder, "node_modules"), join(folder, "node_modules"));
  for (const [path, text] of planted) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const linter = join(repositoryFolder, "node_modules", ".bin", "oxlint");
  const { stdout, stderr } = spawnSync(linter, ["--type-aware", "--format=unix"], { cwd: folder, encoding: "utf8" });

  for (const [path, , rule] of planted) {
    it(rule === undefined ? `allows ${path}` : `finds ${rule} in ${path}`, () => {
      const findings = stdout.split("\n").filter((line) => line.includes(`${path}:`));
      if (rule === undefined) assert.deepEqual(findings, []);
      else assert.match(findings.join("\n"), new RegExp(rule), stderr);
    });
  }
  it("read every planted file", () => assert.match(stdout, /problems/, stderr));
});
