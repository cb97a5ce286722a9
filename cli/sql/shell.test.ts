/** The shell and scripts, with a job that is played: what a person sees of their statements. Real jobs: test/integration/sql-shell.test.ts. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { after, describe, it } from "node:test";
import { StreamError, systemClock } from "../../base/index.ts";
import { ScriptSession } from "../../runtime/table/engine.ts";
import { Signals } from "../terminal/signals.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { completionsOf } from "./completion.ts";
import { History } from "./history.ts";
import type { RunQuery } from "./query-run.ts";
import { runScript } from "./script-run.ts";
import { Shell } from "./shell.ts";
import type { OutputFormat } from "./sql-words.ts";
import { testTerminal } from "../terminal/terminal.test-support.ts";

const folder = mkdtempSync(join(tmpdir(), "sql-shell-"));
after(() => rmSync(folder, { recursive: true }));

const noModules = (): Promise<never> => Promise.reject(new Error("no modules here"));

/** Gives a row for each of the numbers in the script's last line; a job of `FROM endless` goes on until it is stopped. */
const played: RunQuery = ({ script, statement }, { onChange, say }) => {
  const last = script.slice(statement.at.start);
  if (last.includes("refused"))
    return Promise.reject(new StreamError("OPTION_INVALID", "the job is refused", { destiny: "terminal" }));
  const over = Promise.withResolvers<Error | null>();
  if (statement.kind === "insert") say("the job runs");
  for (const [number] of last.matchAll(/\d+/g)) onChange({ kind: "+I", values: [number] });
  if (!last.includes("endless")) over.resolve(last.includes("failing") ? new Error("the job has failed") : null);
  return Promise.resolve({
    whenOver: over.promise,
    stop: async () => {
      over.resolve(null);
      await over.promise;
    },
  });
};

const terminalOf = (out: string[], said: string[]): Terminal => testTerminal(out, said, { columns: 80 });

/** A shell whose person types the next text when the last one is done with. */
class Person {
  readonly out: string[] = [];
  readonly said: string[] = [];
  readonly #input = Object.assign(new PassThrough(), { setRawMode: (isRaw: boolean) => void (this.isRaw = isRaw) });
  readonly #output = Object.assign(new PassThrough(), { rows: 12, columns: 80 });
  readonly whenOver: Promise<number>;
  readonly signals = new EventEmitter();
  isRaw = false;
  screen = "";
  #seen = 0;
  #watch: (() => void) | null = null;

  constructor() {
    const show = (text: string): void => {
      this.screen += text;
      this.#watch?.();
    };
    this.#output.on("data", (piece: Buffer) => show(piece.toString()));
    const shown = (lines: string[]) => (line: string) => {
      lines.push(line);
      show(`${line}\n`);
    };
    const terminal = { ...terminalOf(this.out, this.said), out: shown(this.out), say: shown(this.said) };
    const history = new History(join(folder, "history"), terminal.say);
    const session = new ScriptSession(noModules);
    this.whenOver = new Shell({
      terminal,
      session,
      runQuery: played,
      history,
      signals: new Signals(systemClock, this.signals),
      input: this.#input,
      output: this.#output,
    }).run();
  }

  /** Types when the screen has shown something more. */
  async type(expected: string, keys: string): Promise<void> {
    await this.shows(expected);
    this.#input.write(keys);
  }

  async shows(expected: string): Promise<void> {
    for (;;) {
      const at = this.screen.indexOf(expected, this.#seen);
      if (at >= 0) {
        this.#seen = at + expected.length;
        return;
      }
      await new Promise<void>((resolve) => (this.#watch = resolve));
    }
  }
}

const ENDLESS = "CREATE TABLE endless (a INT) WITH ('connector' = 'datagen');";

describe("the shell", { timeout: 60_000 }, () => {
  it("runs statements of several lines, goes on after a mistake, and ends with QUIT", async () => {
    const person = new Person();
    await person.type("sql> ", "SET 'execution.runtime-mode' = 'batch';\n");
    await person.type("sql> ", "SELECT\n");
    await person.type("   > ", "11; SELEC 1;\n");
    await person.type("sql> ", "SELECT 12 AS failing;\n");
    await person.type("sql> ", "SELECT 1 AS refused;\n");
    await person.type("sql> ", "quit\n");
    assert.equal(await person.whenOver, 0);
    assert.deepEqual(person.out.slice(1), [
      "OK",
      "+--------+",
      "| EXPR$0 |",
      "+--------+",
      "|     11 |",
      "+--------+",
      "1 row in set",
    ]);
    assert.deepEqual(person.said, [
      "sql:1:1: SELEC is no statement\n1 | SELEC 1\n  | ^^^^^\nDid you mean SELECT?",
      "the job has failed",
      "the job is refused",
    ]);
  });

  it("shows a stream's result in place until q, and leaves its last state (SHL2)", async () => {
    const person = new Person();
    await person.type("sql> ", `${ENDLESS}\n`);
    await person.type("sql> ", "SELECT a FROM endless WHERE a IN (7, 8);\n");
    await person.shows("\u001b[?1049h");
    await person.type("2 rows, 2 changes; q ends it.", "q");
    await person.type("sql> ", "exit;\n");
    assert.equal(await person.whenOver, 0);
    assert.deepEqual(person.out.slice(2), ["+---+", "| a |", "+---+", "| 7 |", "| 8 |", "+---+", "2 rows in set"]);
    assert.equal(person.isRaw, false);
  });

  it("shows changes in the mode that was set, and ends what runs with Ctrl-C", async () => {
    const person = new Person();
    await person.type("sql> ", `${ENDLESS} SET 'sql-client.execution.result-mode' = 'changelog';\n`);
    await person.type("sql> ", "SET 'sql-client.verbose' = 'true'; SET 'no.such' = '1';\n");
    await person.type("sql> ", "SELECT a, COUNT(*) AS n FROM endless GROUP BY a;\n");
    await person.type("| op |", "\u0003");
    await person.type("sql> ", "CREATE TABLE made (a INT) WITH ('connector' = 'print');\n");
    await person.type("sql> ", "INSERT INTO made SELECT a FROM endless;\n");
    await person.type("the job runs", "\u0003");
    await person.type("sql> ", "\u0004");
    assert.equal(await person.whenOver, 0);
    assert.ok(person.out.includes("| op |           a |                    n |"), person.out.join("\n"));
    assert.equal(person.out.at(-1), "Cancelled");
    assert.match(person.said[0] ?? "", /there is no option 'sql-client\.verbose'/);
    assert.match(person.said[1] ?? "", /sql:1:1: .*no\.such/);
  });

  it("drops what was typed of a statement with Ctrl-C", async () => {
    const person = new Person();
    await person.type("sql> ", "SELECT 'a\n");
    await person.type("   > ", "\u0003");
    await person.type("sql> ", "SELEC");
    await person.type("SELEC", "\u0003");
    await person.type("sql> ", "SHOW VIEWS\n");
    await person.type("   > ", "; QUIT;\n");
    assert.equal(await person.whenOver, 0);
    assert.deepEqual(person.out.slice(1), ["Empty set"]);
    assert.deepEqual(person.said, []);
  });

  it("gives the terminal back when a signal ends it, with what runs (SHL3)", async () => {
    const person = new Person();
    await person.type("sql> ", `${ENDLESS}\n`);
    await person.type("sql> ", "SELECT a FROM endless WHERE a IN (7, 8); SELECT 9;\n");
    await person.shows("2 rows, 2 changes; q ends it.");
    assert.equal(person.isRaw, true);
    person.signals.emit("SIGTERM", "SIGTERM");
    assert.equal(await person.whenOver, 143);
    assert.equal(person.isRaw, false);
    await person.shows("\u001b[?1049l");
    assert.equal(person.out.at(-1), "2 rows in set");
  });

  it("ends at the prompt with a signal (SHL3)", async () => {
    const person = new Person();
    await person.type("sql> ", "SELECT\n");
    await person.shows("   > ");
    person.signals.emit("SIGHUP", "SIGHUP");
    assert.equal(await person.whenOver, 129);
  });

  it("completes a name with Tab, and has the history under the arrow", async () => {
    const person = new Person();
    await person.type("sql> ", `${ENDLESS}\n`);
    await person.type("sql> ", "DESCRIBE endl\t;\n");
    await person.type("sql> ", "\u001b[A");
    await person.type("DESCRIBE endless;", "\u0015quit\n");
    await person.whenOver;
    assert.equal(person.out.filter((line) => line.includes("| name | type | null |")).length, 1);
  });
});

describe("statements of a pipe", () => {
  /** `reads`: lines, after which nobody reads stdout any more. */
  async function run(text: string, format: OutputFormat = "table", reads = Number.POSITIVE_INFINITY) {
    const out: string[] = [];
    const said: string[] = [];
    const unread = Promise.withResolvers<void>();
    const take = (line: string): void => {
      if (out.push(line) >= reads) unread.resolve();
    };
    const terminal = { ...terminalOf(out, said), out: take, whenUnread: unread.promise };
    const exitCode = await runScript(text, new ScriptSession(noModules), {
      terminal,
      format,
      runQuery: played,
      name: "job.sql",
    });
    return { exitCode, out, said };
  }

  it("give their results alone on stdout, also the last one without a semicolon (SCRR1)", async () => {
    const { exitCode, out, said } = await run(
      "SET 'execution.runtime-mode' = 'batch'; CREATE VIEW v AS SELECT 5 AS b; SELECT 6 AS a",
      "json",
    );
    assert.deepEqual([exitCode, out, said], [0, ['{"a":6}'], []]);
  });

  it("end with the first that is wrong (2) or whose job fails (1)", async () => {
    assert.equal((await run("SELECT 1; SELECT nothing; SELECT 2")).exitCode, 2);
    const failed = await run("SELECT 1 AS failing; SELECT 2", "csv");
    assert.deepEqual(
      [failed.exitCode, failed.out, failed.said],
      [1, ["failing", "1"], ["streamjob: the job has failed"]],
    );
    assert.equal((await run("QUIT; SELECT nothing")).exitCode, 0);
  });

  it("are wrong at their place in the script (SSES2)", async () => {
    const { said } = await run("CREATE VIEW v AS SELECT 1 AS a; -- one\n\nSHOW VIEWS; SELECT\n  b FROM v;");
    assert.match(said[0] ?? "", /^job\.sql:4:3: there is no column b\b.*\n4 \|   b FROM v;\n/);
  });

  it("end with a reader that has gone (SCRR1)", async () => {
    const { exitCode, out } = await run(`${ENDLESS} SELECT a + 3 FROM endless; SELECT 4`, "csv", 2);
    assert.deepEqual([exitCode, out], [0, ["EXPR$0", "3"]]);
  });

  it("are answered from what the session has made", async () => {
    const made = `CREATE TABLE t (id BIGINT NOT NULL, at_ TIMESTAMP(3), twice AS id * 2, WATERMARK FOR at_ AS at_ - INTERVAL '1' SECOND, PRIMARY KEY (id) NOT ENFORCED)
      WITH ('connector' = 'datagen', 'password' = 'x'); CREATE VIEW v AS SELECT id FROM t; CREATE VIEW renamed (\`order\`, doubled) AS SELECT id, twice FROM t;`;
    const answers: Readonly<Record<string, readonly string[]>> = {
      "SHOW TABLES": ["table name", "renamed", "t", "v"],
      "SHOW TABLES LIKE '_'": ["table name", "t", "v"],
      "SHOW TABLES NOT LIKE 't%'": ["table name", "renamed", "v"],
      "SHOW VIEWS": ["view name", "renamed", "v"],
      "SHOW USER FUNCTIONS": ["function name"],
      "SHOW CURRENT DATABASE": ["database name", "default_database"],
      "DESCRIBE t": [
        "name,type,null,key",
        "id,BIGINT,FALSE,KEY",
        "at_,TIMESTAMP(3) *ROWTIME*,TRUE,",
        "twice,BIGINT,FALSE,",
      ],
      "SHOW CREATE VIEW v": ["CREATE VIEW v AS SELECT id FROM t"],
      "SHOW CREATE VIEW renamed": ["CREATE VIEW renamed (`order`, doubled) AS SELECT id, twice FROM t"],
      SET: ["key,value", "parallelism.default,2"],
    };
    for (const [question, lines] of Object.entries(answers)) {
      const { out, said } = await run(`${made} SET 'parallelism.default' = '2'; ${question}`, "csv");
      assert.deepEqual([said, out], [[], lines], question);
    }
    const { out } = await run(`${made} SHOW CREATE TABLE t`);
    assert.equal(
      out.join("\n"),
      "CREATE TABLE t (\n  id BIGINT NOT NULL,\n  at_ TIMESTAMP(3),\n  twice AS id * 2,\n  WATERMARK FOR at_ AS at_ - INTERVAL '1' SECOND,\n  PRIMARY KEY (id) NOT ENFORCED\n) WITH (\n  'connector' = 'datagen',\n  'password' = '****'\n)",
    );
    const explained = await run(`${made} EXPLAIN SELECT id FROM v`, "json");
    assert.equal((JSON.parse(explained.out.join("")) as { mode: string }).mode, "streaming");
  });
});

describe("a word at the end of a line", () => {
  it("becomes what may stand there, in the case in which it is written (CPLT1, CPLT2)", async () => {
    const session = new ScriptSession(noModules);
    const looked = await session.look("CREATE TABLE orders (order_id INT, price INT) WITH ('connector' = 'datagen')");
    assert.ok(looked !== null);
    const found = (line: string): readonly string[] => completionsOf(line, looked.catalog).found;
    assert.deepEqual(found("SELECT * FROM or"), ["orders"]);
    assert.deepEqual(found("SELECT orders."), ["order_id", "price"]);
    assert.deepEqual(found("SELECT orders.p"), ["price"]);
    assert.deepEqual(found("SELECT pric"), ["price"]);
    assert.deepEqual(found("selec"), ["select"]);
    assert.deepEqual(found("SELEC"), ["SELECT"]);
    assert.ok(found("SELECT * FROM t ORD").includes("ORDER") && found("SELECT order").includes("order_id"));
    assert.deepEqual(found("SELECT "), []);
  });
});
