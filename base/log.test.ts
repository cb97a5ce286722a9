import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

type Line = Readonly<Record<string, unknown>>;

/** What a process with these variables logs, when it does `body` with `createLog` and `checkLogLevel`. */
function logged(
  env: Readonly<Record<string, string>>,
  body: string,
): { readonly lines: readonly Line[]; readonly stdout: string } {
  const script = `
    const { checkLogLevel, createLog } = await import(${JSON.stringify(join(import.meta.dirname, "log.ts"))});
    ${body}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  assert.equal(status, 0, stderr);
  const lines = stderr.split("\n").filter((line) => line !== "");
  return { lines: lines.map((line) => JSON.parse(line) as Line), stdout };
}

const eachLevel = `
  const log = createLog({ process: "test" });
  for (const level of ["debug", "info", "warn", "error"]) log[level]({ level }, "said");`;

test("LOG4 LOG_LEVEL sets the lowest level that is written, in small or capital letters", () => {
  for (const [level, count] of Object.entries({ debug: 4, INFO: 3, warn: 2, Error: 1, fatal: 0, silent: 0 })) {
    assert.equal(logged({ LOG_LEVEL: level }, eachLevel).lines.length, count, level);
  }
});

test("LOG4 an unknown level is an error with the list, and whatever does not ask logs as with info", () => {
  const tell = `try { checkLogLevel(); } catch ({ code, message }) { process.stdout.write(code + ": " + message); }`;
  for (const level of ["loud", "", "7", "__proto__"]) {
    const { lines, stdout } = logged({ LOG_LEVEL: level }, eachLevel + tell);
    assert.equal(lines.length, 3);
    assert.equal(
      stdout,
      `OPTION_INVALID: the variable LOG_LEVEL is "${level}"; use one of trace, debug, info, warn, error, fatal, silent`,
    );
  }
});

test("LOG5 STREAMJOB_LOG_FACTS is in every line, also when it is no JSON object", () => {
  const facts = (text: string): Line | undefined =>
    logged({ STREAMJOB_LOG_FACTS: text, LOG_LEVEL: "error" }, eachLevel).lines[0];
  const line = facts('{"namespace":"apps","job":"apps/wc","incarnation":3}');
  assert.deepEqual(
    [line?.["namespace"], line?.["job"], line?.["incarnation"], line?.["process"]],
    ["apps", "apps/wc", 3, "test"],
  );
  for (const text of ["{", "[1]", "null"]) assert.equal(facts(text)?.["facts"], text);
});
