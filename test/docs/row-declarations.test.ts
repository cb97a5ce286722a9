/**
 * `streamjob sql --declarations`: what it writes compiles, is what the streams' own types are, and makes a column that is used for something else an error.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sqlCommand } from "../../cli/jobs/sql-command.ts";
import { testTerminal } from "../../cli/terminal/terminal.test-support.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
mkdirSync(join(repository, "tmp"), { recursive: true });
// Inside of the repository, where the package's own name is found.
const folder = mkdtempSync(join(repository, "tmp", "declarations-"));
after(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

async function declare(file: string, args: readonly string[] = []) {
  const out: string[] = [];
  const said: string[] = [];
  const exitCode = await sqlCommand(testTerminal(out, said), {
    kind: "sql",
    shows: "declarations",
    file: join(folder, file),
    args,
  });
  return { exitCode, text: `${out.join("\n")}\n`, said };
}

/** What the compiler says of the folder: `file(line): message` each. */
async function typeErrors(): Promise<readonly string[]> {
  write("tsconfig.json", JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts"] }));
  const compiler = fileURLToPath(import.meta.resolve("typescript/package.json"));
  const { bin } = JSON.parse(readFileSync(compiler, "utf8")) as { bin: { tsc: string } };
  const run = [join(compiler, "..", bin.tsc), "--noEmit", "--pretty", "false", "-p", folder];
  const { stdout } = await promisify(execFile)(process.execPath, run, { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  return stdout.split("\n").flatMap((line) => {
    const [, file, at, message] = /^(?:.*\/)?([^/(]+)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
    return file === undefined ? [] : [`${file}(${at}): ${message}`];
  });
}

const everyType = `{
  text: t.string, flag: t.boolean, count: t.int32, total: t.bigint, share: t.float64, price: t.decimal(2), bytes: t.bytes, at: t.timestamp,
  list: t.list(t.nullable(t.int32)), lists: t.list(t.list(t.string)), map: t.map(t.string, t.nullable(t.float64)),
  inner: t.record({ "odd name": t.nullable(t.string), deep: t.record({ x: t.int32 }) }), maybe: t.nullable(t.list(t.bigint)),
}`;

const JOB = `import { job, t } from "streamjob";
import { tableEnvironment } from "streamjob/table";
export const Every = t.record(${everyType});
export default job((env) => {
  const tables = tableEnvironment(env);
  tables.table("everything", env.fromCollection([], { type: Every, uid: "everything" }));
  tables.execute(\`CREATE VIEW \${env.args[0]} AS SELECT text, CURRENT_DATE AS today, total + 1 AS more FROM everything\`);
  const counts = tables.sql("SELECT text, COUNT(*) AS n FROM everything GROUP BY text");
  counts.toRetractStream({ uid: "counts" }).map(({ row }) => \`\${row.text}\`, { type: t.string }).print({ uid: "out" });
});
`;

/** Each line behind a comment \`wrong\` has to be an error, and no other line. */
const USE = `import type { ValueOf } from "streamjob";
import { type TableEnvironment } from "streamjob/table";
import { Every } from "./job.ts";
import type { EverythingRow, NewestRow } from "./job.rows.ts";
import type { TOrderRow } from "./tables.rows.ts";
export const there = (row: ValueOf<typeof Every>): EverythingRow => row;
export const back = (row: EverythingRow): ValueOf<typeof Every> => row;
export function use(tables: TableEnvironment): void {
  const counts = tables.sql("SELECT text, COUNT(*) AS n FROM everything GROUP BY text");
  counts.toRetractStream().map(({ row }) => row.n + 1n);
  // wrong
  counts.toRetractStream().map(({ row }) => row.n + 1);
  // wrong
  counts.toRetractStream().map(({ row }) => row.m);
  const newest = tables.sql<NewestRow>("SELECT * FROM newest");
  newest.toStream().map(({ today, more }) => today.getTime() + Number(more));
  // wrong
  newest.toStream().map(({ today }) => today.toUpperCase());
  const others = tables.sql<TOrderRow>("SELECT * FROM t_order");
  others.toStream().map(({ id, note }) => \`\${id + 1n} \${note?.length}\`);
  // wrong
  others.toStream().map(({ note }) => note.length);
  // A query that has no declaration has no columns of a known type.
  const unknown = tables.sql("SELECT text FROM everything");
  // wrong
  unknown.toStream().map(({ text }) => text.length);
}
`;

test("declarations of a job module and of a script compile, and a column that is misused is an error", async () => {
  write("job.ts", JOB);
  write("tables.sql", "CREATE TABLE t_order (id BIGINT NOT NULL, note STRING) WITH ('connector' = 'datagen');");
  const ofJob = await declare("job.ts", ["newest"]);
  const ofScript = await declare("tables.sql");
  assert.deepEqual([ofJob.exitCode, ofJob.said, ofScript.exitCode, ofScript.said], [0, [], 0, []]);
  assert.match(ofJob.text, /^\/\/ The rows of job\.ts, [^\n]*`streamjob sql --declarations job\.ts`/);
  write("job.rows.ts", ofJob.text);
  write("tables.rows.ts", ofScript.text);
  write("use.ts", USE);
  const lines = USE.split("\n");
  const wrong = lines.flatMap((line, index) => (line.trim() === "// wrong" ? [`use.ts(${index + 2})`] : []));
  const errors = await typeErrors();
  assert.deepEqual(
    errors.map((error) => error.split(":")[0]),
    wrong,
    errors.join("\n"),
  );
  // The file that is there now does not change what is written.
  assert.deepEqual(await declare("tables.sql"), ofScript);
});

test("what cannot be declared is said, and nothing is written", async () => {
  write("odd.sql", "CREATE TABLE `my-table` (a INT);");
  const odd = await declare("odd.sql");
  assert.deepEqual([odd.exitCode, odd.text], [1, "\n"]);
  assert.match(odd.said.join("\n"), /odd\.sql: "my-table" cannot be the name of a type\. Give the table a name/);
  write("wrong.sql", "CREATE VIEW v AS SELECT a FROM nowhere;");
  const wrong = await declare("wrong.sql");
  assert.deepEqual([wrong.exitCode, wrong.text], [1, "\n"]);
  assert.match(wrong.said.join("\n"), /wrong\.sql:1:32/);
  await assert.rejects(declare("odd.sql", ["more"]), { code: "OPTION_INVALID", message: /takes no arguments/ });
  write(
    "streams.ts",
    'import { job, t } from "streamjob";\nexport default job((env) => env.fromCollection(["a"], { type: t.string, uid: "a" }).print({ uid: "b" }));\n',
  );
  await assert.rejects(declare("streams.ts"), { code: "OPTION_INVALID", message: /does not call tableEnvironment/ });
});
