import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { eventReasons } from "./event-reasons.ts";

const operator = join(import.meta.dirname, "..", "..");

test("every reason that is listed is told somewhere, and means something in one line", () => {
  const sources = globSync("{reconcile,apply,controller}/**/*.ts", { cwd: operator })
    .filter((path) => !/\.test(-support)?\.ts$|event-reasons\.ts$/.test(path))
    .map((path) => readFileSync(join(operator, path), "utf8"))
    .join("\n");
  for (const [reason, meaning] of Object.entries(eventReasons)) {
    assert.match(reason, /^[A-Z][A-Za-z]+$/);
    assert.match(meaning, /^[^\n]{10,150}[^.]$/, reason);
    assert.ok(sources.includes(`"${reason}"`), `nothing tells ${reason}`);
  }
});
