import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type SqlType, validateScript } from "../sql/index.ts";
import { describeConnectors } from "./connectors-page.ts";
import { checkTableOptions, connectorDefinitions, tableConnector } from "./registry.ts";
import type { TableColumn, TableDescription } from "./table-description.ts";
import { TableError, type TableProblem } from "./table-error.ts";
import { notNull, sql, tableOf } from "./tables.test-support.ts";

const types = { a: sql.int, b: sql.string };
const files = { connector: "filesystem", path: "/data/orders", format: "csv" };

function problemOf(check: () => unknown): TableProblem {
  try {
    check();
  } catch (error) {
    if (error instanceof TableError) return error.problem;
    throw error;
  }
  throw new Error("nothing was refused");
}

const problem = (options: Readonly<Record<string, string>>): TableProblem =>
  problemOf(() => checkTableOptions(tableOf(types, options)));

describe("the options of a table", () => {
  it("TBCP1: an unknown connector or option is refused, with the nearest that there is", () => {
    assert.deepEqual(problem({ connector: "filesytem" }), {
      message: "there is no connector 'filesytem'",
      remedy: "Did you mean 'filesystem'?",
      option: "connector",
    });
    assert.deepEqual(problem({ ...files, fromat: "csv" }), {
      message: "'fromat' is no option of the connector filesystem",
      remedy: "Did you mean 'format'?",
      option: "fromat",
    });
    assert.match(problem({}).message, /it has no connector/);
    assert.match(problem({ connector: "oracle" }).remedy, /There are datagen, print,/);
    assert.match(problem({ ...files, wholly: "other" }).remedy, /Its options are 'connector', 'path'/);
  });

  it("TBCP1: a missing option says what it is for", () => {
    const { message, remedy, option } = problem({ connector: "filesystem", format: "csv" });
    assert.match(message, /the connector filesystem needs the option 'path': a folder/);
    assert.equal(remedy, "Add 'path' = '…' to WITH.");
    assert.equal(option, undefined);
  });

  it("TBCP1: a wrong value is refused with what to write", () => {
    const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{ ...files, format: "cvs" }, /Write one of 'csv', 'json', 'raw'/],
      [{ ...files, "source.monitor-interval": "soon" }, /Write a duration such as/],
      [{ ...files, "sink.rolling-policy.file-size": "big" }, /Write a size such as '128 mb'/],
      [{ ...files, "csv.field-delimiter": ";;" }, /Write one character/],
      [{ ...files, "csv.allow-comments": "yes" }, /Write 'true' or 'false'/],
      [{ connector: "datagen", "rows-per-second": "many" }, /Write a whole number/],
    ];
    for (const [options, remedy] of wrong) assert.match(problem(options).remedy, remedy);
  });

  it("an option of a format that was not chosen is unknown, and one of Flink's that we do not have says what to do", () => {
    assert.match(
      problem({ ...files, "json.ignore-parse-errors": "true" }).message,
      /no option of the connector filesystem/,
    );
    assert.match(problem({ ...files, "sink.partition-commit.delay": "1 h" }).message, /is not supported/);
    assert.match(problem({ connector: "print", "sink.parallelism": "2" }).remedy, /parallelism.default/);
  });

  it("the message names the table, and the error ends the job for good", () => {
    const error = new TableError("orders", problem({ ...files, fromat: "csv" }));
    assert.equal(
      error.message,
      "table orders: 'fromat' is no option of the connector filesystem. Did you mean 'format'?",
    );
    assert.equal(error.code, "OPTION_INVALID");
    assert.equal(error.destiny, "terminal");
  });

  it("partitions are refused, not left out", () => {
    const table = { ...tableOf(types, files), partitionedBy: ["b"] };
    assert.match(
      problemOf(() => checkTableOptions(table)).message,
      /it is PARTITIONED BY b, and no connector has partitions/,
    );
    assert.equal(problemOf(() => checkTableOptions(table)).column, "b");
  });

  it("metadata that a connector does not have is refused at its column", () => {
    const table = {
      ...tableOf(types, files),
      columns: [{ name: "at", type: notNull(sql.timestamp(3)), metadata: "timestamp" }],
    };
    assert.deepEqual(
      problemOf(() => checkTableOptions(table)),
      {
        column: "at",
        message: "the connector filesystem has no metadata 'timestamp'",
        remedy: "Take the column out.",
      },
    );
  });
});

/** The table of CREATE TABLE. */
function described(validated: ReturnType<typeof validateScript>["statements"][number] | undefined): TableDescription {
  const { statement, meaning } = validated ?? assert.fail("there is no statement");
  assert.ok(statement.kind === "createTable" && meaning.kind === "table");
  const typeOf = (name: string): SqlType =>
    meaning.schema.columns.find((column) => column.name === name)?.type ?? assert.fail(name);
  return {
    name: statement.name.parts.at(-1)?.name ?? "",
    columns: statement.columns.flatMap((column): TableColumn[] => {
      if (column.kind === "computedColumn") return [];
      const { name } = column.name;
      return [{ name, type: typeOf(name), metadata: column.kind === "metadataColumn" ? (column.key ?? name) : null }];
    }),
    primaryKey: statement.primaryKey?.columns.map(({ name }) => name) ?? [],
    options: Object.fromEntries(statement.options.map(({ key, value }) => [key, value])),
  };
}

describe("connectors", () => {
  it("refuse what they cannot do: to be read, to be written, to take rows that change", async () => {
    const print = tableConnector(tableOf(types, { connector: "print" }));
    assert.throws(() => print.source?.([0]), /the connector print is only written/);
    const datagen = tableConnector(tableOf(types, { connector: "datagen" }));
    assert.throws(() => datagen.sink?.("append"), /the connector datagen is only read/);
    const file = tableConnector(tableOf(types, files));
    assert.match(problemOf(() => file.sink?.("retract")).message, /only appends, and the rows of this query change/);
    assert.match(problemOf(() => file.sink?.("upsert")).remedy, /upsert-kafka, mysql, redis/);
  });

  for (const { name, example, isRead, isWritten } of connectorDefinitions) {
    if (example === null) continue;
    it(`the page's example of ${name} is right`, () => {
      const { statements, problems } = validateScript(example);
      assert.deepEqual(problems, []);
      const table = described(statements[0]);
      checkTableOptions(table);
      const connector = tableConnector(table);
      if (isRead) assert.ok(connector.source?.(table.columns.map((_, place) => place)) !== undefined);
      const columns = table.columns.filter(({ name: column }) => column !== "part");
      if (isWritten) assert.ok(tableConnector({ ...table, columns }).sink?.("append") !== undefined);
    });
  }

  it("are all on the page, with every option that has a use, and no option twice", () => {
    const page = describeConnectors();
    for (const { name, rows, slots } of connectorDefinitions) {
      assert.ok(page.includes(`## ${name}\n`), name);
      for (const row of [...rows, ...slots.flatMap(({ formats }) => formats.flatMap((format) => format.rows))])
        assert.ok(page.includes(`\`${row.name}\``), row.name);
      assert.equal(new Set(rows.map((row) => row.name)).size, rows.length, name);
    }
  });
});
