import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RowStatement } from "./row-statement.ts";

type WordCount = { readonly word: string; readonly count: number };
const rows: readonly WordCount[] = [
  { word: "a", count: 1 },
  { word: "b", count: 2 },
  { word: "c", count: 3 },
];

const own = (sql: string): RowStatement<WordCount> =>
  new RowStatement("sink mysql", { kind: "sql", sql, values: ({ word, count }) => [word, count] });
const texts = (statement: RowStatement<WordCount>, batchRows = 2, bytes = 1000): string[] =>
  statement.statementsOf(
    rows.map((row) => statement.rowOf(row)),
    batchRows,
    bytes,
  );

describe("RowStatement", () => {
  it("MRS1: writes batches of rows into a table, and updates what is there when asked to", () => {
    const columns = [{ name: "word" }, { name: "count" }];
    const insert = new RowStatement<WordCount>("sink mysql", { kind: "table", table: "t", columns, updates: false });
    assert.deepEqual(texts(insert), [
      "insert into `t` (`word`, `count`) values ('a', 1), ('b', 2)",
      "insert into `t` (`word`, `count`) values ('c', 3)",
    ]);
    const update = new RowStatement<WordCount>("sink mysql", { kind: "table", table: "t", columns, updates: true });
    assert.match(
      texts(update)[0] ?? "",
      / on duplicate key update `word` = values\(`word`\), `count` = values\(`count`\)$/,
    );
    assert.equal(texts(insert, 100, 20).length, 2);
  });

  it("MRS1: repeats the one row of a statement of one's own, whatever follows it", () => {
    const sql = "insert into t_wordcount (word,count) VALUES (?, ?) on duplicate key update count = values(count);";
    assert.deepEqual(texts(own(sql)), [
      "insert into t_wordcount (word,count) VALUES ('a', 1), ('b', 2) on duplicate key update count = values(count)",
      "insert into t_wordcount (word,count) VALUES ('c', 3) on duplicate key update count = values(count)",
    ]);
  });

  it("MRS1: gives every row a statement where there is more than one row's values to fill in", () => {
    const statements = texts(own("insert into t values (?, now()) on duplicate key update count = ?"));
    assert.equal(statements.length, 3);
    assert.equal(statements[0], "insert into t values ('a', now()) on duplicate key update count = 1");
    assert.deepEqual(texts(own("update t set count = ? where word = ?")).length, 3);
  });

  it("MRS2: deletes by columns, in the order of the rows", () => {
    type Change = { readonly row: WordCount; readonly isGone: boolean };
    const statement = new RowStatement<Change>("sink mysql", {
      kind: "table",
      table: "t",
      columns: [{ name: "word" }, { name: "count" }],
      updates: false,
      row: ({ row }) => row,
      deletes: { when: ({ isGone }) => isGone, by: ["word"] },
    });
    const changes = [...rows, ...rows].map((row, at) => ({ row, isGone: at === 1 || at > 3 }));
    assert.deepEqual(
      statement.statementsOf(
        changes.map((change) => statement.rowOf(change)),
        10,
        1000,
      ),
      [
        "insert into `t` (`word`, `count`) values ('a', 1)",
        "delete from `t` where (`word`) in (('b'))",
        "insert into `t` (`word`, `count`) values ('c', 3), ('a', 1)",
        "delete from `t` where (`word`) in (('b'), ('c'))",
      ],
    );
  });

  it("says which column or how many values are wrong", () => {
    assert.throws(
      () => own("insert into t values (?)").rowOf(rows[0] as WordCount),
      /values gave 2 values, and sql has 1 placeholders/,
    );
    assert.throws(() => own("delete from t"), /sql has no placeholder/);
    const table = new RowStatement<{ a: unknown }>("sink mysql", {
      kind: "table",
      table: "t",
      columns: [{ name: "a" }],
      updates: false,
    });
    assert.throws(
      () => table.rowOf({ a: { b: 1 } }),
      /sink mysql: a row cannot be written: column a: an object is no value/,
    );
  });
});
