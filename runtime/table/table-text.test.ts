import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanRow } from "../sql/index.ts";
import { schemaLines, tableLines, widthsFor, widthsOf } from "./table-text.ts";

const row: PlanRow = [
  { name: "user_name", type: { kind: "varchar", isNullable: true, length: 12 }, time: null },
  { name: "n", type: { kind: "bigint", isNullable: false }, time: null },
  { name: "total", type: { kind: "decimal", isNullable: true, precision: 6, scale: 2 }, time: null },
];
const names = row.map(({ name }) => name);

test("TBTX1 columns are as wide as their types; what is wider is cut", () => {
  const widths = widthsOf(row);
  assert.deepEqual(widths, [12, 20, 8]);
  const { rule, header, line } = tableLines(names, widths);
  assert.deepEqual(
    [
      rule,
      header,
      line(["a name that is too long", "7", null]),
      line(["張三\n李四", "-1", "1234.50"]),
      line(["張三李四王五趙六", null, ""]),
    ],
    [
      "+--------------+----------------------+----------+",
      "|    user_name |                    n |    total |",
      "| a name th... |                    7 |   <NULL> |",
      "|   張三\\n李四 |                   -1 |  1234.50 |",
      "|  張三李四... |               <NULL> |          |",
    ],
  );
});

test("TBTX2 what steers a terminal is shown", () => {
  const { line } = tableLines(["a"], widthsFor(["a"], [["\u001b[2J\r\t\u009b"]]));
  assert.equal(line(["\u001b[2J\r\t\u009b"]), "| \\u001b[2J\\r\\t\\u009b |");
});

test("a table whose rows are all there is as wide as they are", () => {
  const rows = [
    ["zhangsan", "2", "490.00"],
    [null, "10", null],
  ];
  assert.deepEqual(widthsFor(names, rows), [9, 2, 6]);
  assert.deepEqual(widthsFor(names, []), [9, 1, 5]);
});

test("a schema reads as in CREATE TABLE", () => {
  assert.deepEqual(schemaLines(row), [
    "(",
    "  `user_name` VARCHAR(12),",
    "  `n` BIGINT NOT NULL,",
    "  `total` DECIMAL(6, 2)",
    ")",
  ]);
});
