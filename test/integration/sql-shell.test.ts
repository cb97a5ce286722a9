/** `streamjob sql` with real jobs: of a pipe, and at a terminal. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isInCi } from "../environment/index.ts";
import { inWorkspace, type Workspace } from "./workspace.ts";

const COMMAND = fileURLToPath(new URL("../../bin/streamjob", import.meta.url));

const FUNCTIONS = `
import { t } from "streamjob";
import { aggregateFunction, scalarFunction } from "streamjob/table";
export const shout = scalarFunction({ arguments: [t.string], returns: t.string, call: (text: string): string => text.toUpperCase() });
export const longest = aggregateFunction({
  arguments: [t.string],
  returns: t.string,
  accumulator: t.string,
  create: (): string => "",
  add: (longest: string, text: string): string => (text.length > longest.length ? text : longest),
  result: (longest: string): string => longest,
});`;

function begin(workspace: Workspace, command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, {
    cwd: workspace.folder,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, STREAMJOB_HOME: workspace.path("home"), NO_COLOR: "1", TERM: "xterm" },
  });
  let isOver = false;
  child.once("close", () => (isOver = true));
  workspace.onEnd(() => {
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  });
  return child;
}

async function piped(workspace: Workspace, text: string, ...args: readonly string[]) {
  const child = begin(workspace, process.execPath, [COMMAND, "sql", ...args]);
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (piece: Buffer) => (stdout += piece.toString()));
  child.stderr?.on("data", (piece: Buffer) => (stderr += piece.toString()));
  child.stdin?.end(text);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, lines: stdout.split("\n").filter((line) => line !== ""), stderr };
}

test("a pipe: functions beside it, results by their format, files that INSERT INTO writes", () =>
  inWorkspace("sql-pipe", async (workspace) => {
    writeFileSync(workspace.path("functions.ts"), FUNCTIONS);
    mkdirSync(workspace.path("in"));
    writeFileSync(workspace.path("in/words.csv"), "1,ab\n2,cde\n1,f\n");
    const made = `SET 'execution.runtime-mode' = 'batch';
      CREATE FUNCTION shout AS './functions.ts#shout' LANGUAGE TYPESCRIPT;
      CREATE FUNCTION longest AS './functions.ts#longest' LANGUAGE TYPESCRIPT;
      CREATE TABLE words (k INT, word STRING) WITH ('connector' = 'filesystem', 'path' = '${workspace.path("in")}', 'format' = 'csv');
      CREATE TABLE made (k INT, word STRING) WITH ('connector' = 'filesystem', 'path' = '${workspace.path("out")}', 'format' = 'json');`;
    const asked = await piped(
      workspace,
      `${made} SELECT k, longest(word) AS w FROM words GROUP BY k;`,
      "--output",
      "json",
    );
    assert.deepEqual(
      [asked.exitCode, asked.lines.toSorted()],
      [0, ['{"k":1,"w":"ab"}', '{"k":2,"w":"cde"}']],
      asked.stderr,
    );
    const written = await piped(workspace, `${made} INSERT INTO made SELECT k, shout(word) FROM words`);
    assert.deepEqual([written.exitCode, written.lines], [0, []], written.stderr);
    assert.match(written.stderr, /FINISHED/);
    const parts = readdirSync(workspace.path("out")).map((name) => readFileSync(workspace.path(`out/${name}`), "utf8"));
    assert.match(parts.join(""), /"word":"CDE"/);
    const failed = await piped(workspace, "SELECT 1 / (a - 1) FROM (VALUES (1)) AS v(a); SELECT 2;", "--output", "csv");
    assert.deepEqual([failed.exitCode, failed.lines], [1, ["EXPR$0"]]);
    assert.match(failed.stderr, /division by zero/);
  }));

/** script(1) of util-linux gives a terminal. */
function terminalMissing(): false | string {
  if (spawnSync("script", ["--version"]).status === 0) return false;
  const missing = "there is no script(1) here; cli/sql/shell.test.ts plays the terminal";
  if (isInCi()) throw new Error(missing);
  process.stderr.write(`tests left out: ${import.meta.filename}: ${missing}\n`);
  return missing;
}

test(
  "a terminal: a result refreshes in place until q, a mistake ends nothing, names are completed",
  { skip: terminalMissing() },
  () =>
    inWorkspace("sql-shell", async (workspace) => {
      // What a terminal is made of; it ends with the exit code of the command.
      const child = begin(workspace, "script", ["-qefc", `"${process.execPath}" "${COMMAND}" sql`, "/dev/null"]);
      let [screen, seen, isOver] = ["", 0, false];
      let look = (): void => {};
      child.stdout?.on("data", (piece: Buffer) => {
        screen += piece.toString();
        look();
      });
      const closed = once(child, "close").then(([code]: unknown[]) => {
        isOver = true;
        look();
        return code;
      });
      const shows = async (expected: string): Promise<void> => {
        for (let at = screen.indexOf(expected, seen); ; at = screen.indexOf(expected, seen)) {
          if (at >= 0) {
            seen = at + expected.length;
            return;
          }
          assert.ok(!isOver, `it ended before ${expected}:\n${screen}`);
          await new Promise<void>((resolve) => (look = resolve));
        }
      };
      const type = async (expected: string, keys: string): Promise<void> => {
        await shows(expected);
        child.stdin?.write(keys);
      };
      await type("sql> ", "CREATE TABLE numbers (n BIGINT)\n");
      await type("   > ", "WITH ('connector' = 'datagen');\n");
      await shows("OK");
      await type("sql> ", "SELECT m FROM numb\t;\n");
      await shows("there is no column m");
      await type("sql> ", "SELECT COUNT(*) AS many FROM numbers;\n");
      await shows("\u001b[?1049h");
      await type("1 row, ", "q");
      await shows("\u001b[?1049l");
      await shows("1 row in set");
      await type("sql> ", "QUIT;\n");
      assert.equal(await closed, 0, screen);
      assert.match(readFileSync(workspace.path("home/sql-history"), "utf8"), /^CREATE TABLE numbers \(n BIGINT\) WITH/);
    }),
);
