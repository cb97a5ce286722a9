import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { LogFile, type LogFileOptions, numberedPaths } from "./log-file.ts";
import { createLog } from "./log.ts";

const folder = mkdtempSync(join(tmpdir(), "log-file-"));
after(() => rmSync(folder, { recursive: true }));

function opened(path: string, options: Partial<LogFileOptions> = {}): { log: LogFile; troubles: unknown[] } {
  const troubles: unknown[] = [];
  const log = new LogFile({
    path,
    bytesMax: 10,
    older: numberedPaths(path, 2),
    isContinued: true,
    onTrouble: (error) => troubles.push(error),
    ...options,
  });
  return { log, troubles };
}

const add = (log: LogFile, ...lines: string[]): void => lines.forEach((line) => log.write(Buffer.from(`${line}\n`)));
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("a log file", () => {
  it("is rolled by size, keeps a bounded number of files, and the newest has its name (LOF2)", () => {
    const path = join(folder, "rolled", "a.log");
    const { log, troubles } = opened(path);
    add(log, ...Array.from({ length: 9 }, (_none, n) => `line ${n}`));
    log.close();
    assert.deepEqual(readdirSync(join(folder, "rolled")).toSorted(), ["a.log", "a.log.1", "a.log.2"]);
    const texts = [path, `${path}.1`, `${path}.2`].map((each) => readFileSync(each, "utf8"));
    assert.deepEqual(texts, ["line 8\n", "line 6\nline 7\n", "line 4\nline 5\n"]);
    assert.deepEqual(troubles, []);
  });

  it("is its owner's alone, also one from before (LOF3)", () => {
    const path = join(folder, "private", "a.log");
    mkdirSync(join(folder, "private"));
    writeFileSync(path, "before\n", { mode: 0o644 });
    chmodSync(path, 0o644);
    add(opened(path).log, "after");
    assert.equal(readFileSync(path, "utf8"), "before\nafter\n");
    assert.equal(modeOf(path), "600");
    add(opened(join(folder, "made", "b.log")).log, "x");
    assert.deepEqual([modeOf(join(folder, "made")), modeOf(join(folder, "made", "b.log"))], ["700", "600"]);
  });

  it("that cannot be written throws nothing, is told once, and says what is missing when it can be (LOF1)", () => {
    const path = join(folder, "outage.log");
    mkdirSync(path);
    const { log, troubles } = opened(path, { bytesMax: 1000 });
    add(log, "one", "two");
    assert.equal(troubles.length, 1);
    rmdirSync(path);
    add(log, "three");
    log.close();
    add(log, "after its end");
    assert.match(readFileSync(path, "utf8"), /^\[streamjob\] 8 bytes of this log were lost: EISDIR.*\nthree\n$/);
    assert.equal(troubles.length, 1);
  });

  it("on a disk that fills ends nobody, and goes on when there is room (LOG1)", (t) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status !== 0) {
      t.skip("a small disk cannot be mounted here: it needs root");
      return;
    }
    try {
      const file = join(disk, "a.log");
      const troubles: unknown[] = [];
      const log = createLog({ process: "test" }, { file, onTrouble: (error) => troubles.push(error) });
      for (let line = 0; line < 2000; line++) log.info({ line }, "filling the disk");
      assert.equal((troubles[0] as NodeJS.ErrnoException).code, "ENOSPC");
      writeFileSync(file, "");
      log.info({}, "there is room");
      const lines = readFileSync(file, "utf8").trim().split("\n");
      const last = lines.slice(-2).map((line) => JSON.parse(line) as { msg: string; reason?: string });
      assert.deepEqual(
        last.map(({ msg }) => msg),
        ["log lines were lost", "there is room"],
      );
      assert.match(last[0]?.reason ?? "", /ENOSPC/);
    } finally {
      spawnSync("umount", ["--lazy", disk]);
    }
  });

  it("that is a stream with no room ends nobody (LOG1)", (t) => {
    if (process.platform !== "linux") return t.skip("there is no /dev/full");
    const script = `
      const { createLog } = await import(${JSON.stringify(join(import.meta.dirname, "log.ts"))});
      const log = createLog({});
      for (let line = 0; line < 10; line++) log.error({ line }, "nobody hears it");
      console.log("lives");`;
    const shell = `exec "$0" --input-type=module -e "$1" 2>/dev/full`;
    const { stdout, status } = spawnSync("/bin/sh", ["-c", shell, process.execPath, script], { encoding: "utf8" });
    assert.deepEqual([stdout, status], ["lives\n", 0]);
  });

  it("that is a pipe which nobody reads holds up nobody for ever (LOG1)", async () => {
    const script = `
      const { createLog } = await import(${JSON.stringify(join(import.meta.dirname, "log.ts"))});
      process.stderr.write(""); // from now on it does not block
      const log = createLog({});
      for (let line = 0; line < 20_000; line++) log.error({ line }, "nobody reads it");
      process.exit(7);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [code] = (await once(child, "exit")) as [number];
    child.stderr.destroy();
    assert.equal(code, 7);
  });
});
