import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { applyCommand } from "./apply-command.ts";
import { type CommandRig, createRig } from "./command-rig.test-support.ts";
import { diffCommand } from "./diff-command.ts";

const folder = mkdtempSync(join(tmpdir(), "scripts-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "wc.json");

let rig: CommandRig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.server.close());

const namespace = "default";
const save = (text: string): void => writeFileSync(file, text);
const apply = () => applyCommand(rig, { kind: "apply", sources: [file], namespace, waitMs: null });
const diff = () => diffCommand(rig, { kind: "diff", sources: [file], namespace, output: "text" });
const text = (): string => rig.out.splice(0).join("\n");

describe("a script of SQL in a manifest (MSQ1)", () => {
  const withScript = (...statements: readonly string[]): string =>
    JSON.stringify({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "wc" },
      spec: {
        job: { sql: ["CREATE TABLE t (k STRING, n INT) WITH ('connector' = 'datagen');", ...statements].join("\n") },
      },
    });

  it("is checked before anything is sent, with the line of the script and a caret", async () => {
    save(withScript("SELECT k, SUM(m) FROM t GROUP BY k;", "SELECT timestamp FROM t;"));
    await assert.rejects(apply(), (error: Error) => {
      assert.match(
        error.message,
        /there are 2 mistakes[^]*:\d+:\d+ spec\.job\.sql: a mistake in the script\n {4}spec\.job\.sql:2:15: there is no column m\n {4}2 \| SELECT k, SUM\(m\)[^\n]*\n {4} {2}\| {15}\^\n/,
      );
      assert.match(error.message, /spec\.job\.sql:3:8: timestamp is a reserved word/);
      return true;
    });
    assert.equal(await rig.api.get("StreamJob", { namespace, name: "wc" }), null, "nothing is sent");
  });

  it("is checked without a plan where it has functions of its own (MSQ2)", async () => {
    save(withScript("CREATE FUNCTION f AS './f.ts#f' LANGUAGE TYPESCRIPT;", "SELECT f(n) FROM t;"));
    await apply();
  });

  it("has a mistake that only its plan has", async () => {
    save(withScript("SELECT k FROM t ORDER BY k;"));
    await assert.rejects(apply(), /spec\.job\.sql:2:26: a stream has no end at which it could be sorted/);
  });

  it("tells by diff what becomes of the state of its operators, and why", async () => {
    save(withScript("SELECT k, COUNT(*) FROM t GROUP BY k;"));
    await apply();
    text();
    save(withScript("SELECT k, MAX(n) FROM t GROUP BY k;"));
    assert.equal(await diff(), 1);
    const shown = text();
    assert.match(shown, /State of the script's operators:\n {2}- kept {4}scan of t, scan-[0-9a-f]+\n/);
    assert.match(
      shown,
      /- lost {4}aggregate of t \(k\), aggregate-[0-9a-f]+: select was COUNT\(\*\), and is MAX\(n\)\n/,
    );
    assert.match(shown, /- An upgrade with state is refused before the old job stops/);
  });
});
