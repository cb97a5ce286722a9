import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { History } from "./history.ts";

describe("the history of a shell", () => {
  const folder = mkdtempSync(join(tmpdir(), "sql-history-"));
  after(() => rmSync(folder, { recursive: true }));
  let files = 0;
  const open = (path = join(folder, `${files++}`, "history")) => {
    const said: string[] = [];
    return { path, said, history: new History(path, (line) => said.push(line)) };
  };

  it("is there again in the next shell, the last statement first, lines as one", () => {
    const { path, history } = open();
    history.add("SELECT 1;");
    history.add("SELECT\n  2\nFROM t;");
    history.add("SELECT 3 -- three\n;");
    const kept = ["SELECT 3 -- three", ";", "SELECT 2 FROM t;", "SELECT 1;"];
    assert.deepEqual(history.newestFirst, [kept[1], kept[0], kept[2], kept[3]]);
    assert.deepEqual(open(path).history.newestFirst, history.newestFirst);
  });

  it("has a statement once when it is repeated at once", () => {
    const { history } = open();
    history.add("SELECT 1;");
    history.add("SELECT 1;");
    assert.deepEqual(history.newestFirst, ["SELECT 1;"]);
  });

  it("keeps no secret in the file, which is its owner's alone (HIS1)", () => {
    const { path, history } = open();
    history.add("SELECT 1;");
    history.add("CREATE TABLE t (a INT) WITH ('password' = 'x');");
    history.add("CREATE TABLE t (a INT) WITH ('url' = 'mysql://me:x@db:3306/shop');");
    assert.equal(history.newestFirst.length, 3);
    assert.equal(readFileSync(path, "utf8"), "SELECT 1;\n");
    assert.equal(statSync(path).mode & 0o077, 0);
  });

  it("does not grow for ever (HIS3)", () => {
    const { path, history } = open();
    for (let at = 0; at < 2001; at++) history.add(`SELECT ${at};`);
    assert.equal(open(path).history.newestFirst[0], "SELECT 2000;");
    const lines = readFileSync(path, "utf8").split("\n");
    assert.deepEqual([lines.length, lines[0]], [1001, "SELECT 1001;"]);
    assert.equal(statSync(path).mode & 0o077, 0);
  });

  it("that cannot be written is said once, and works on (HIS2)", () => {
    const { history, said } = open(join(folder, "0", "history", "below a file"));
    history.add("SELECT 1;");
    history.add("SELECT 2;");
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^The history is not kept: /);
    assert.deepEqual(history.newestFirst, ["SELECT 2;", "SELECT 1;"]);
  });
});
