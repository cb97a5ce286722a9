import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseScript } from "../syntax/script.ts";
import { typeOf, typeText } from "./sql-type.ts";

/** As written, and what it is. */
const meanings: readonly (readonly [written: string, type: string])[] = [
  ["BOOLEAN", "BOOLEAN"],
  ["INTEGER NOT NULL", "INT NOT NULL"],
  ["INT NULL", "INT"],
  ["DECIMAL", "DECIMAL(10, 0)"],
  ["DEC(5)", "DECIMAL(5, 0)"],
  ["NUMERIC(38, 38)", "DECIMAL(38, 38)"],
  ["DOUBLE PRECISION", "DOUBLE"],
  ["CHAR", "CHAR(1)"],
  ["CHARACTER VARYING(20)", "VARCHAR(20)"],
  ["VARCHAR", "VARCHAR(1)"],
  ["VARCHAR(2147483647)", "STRING"],
  ["VARBINARY(2147483647) NOT NULL", "BYTES NOT NULL"],
  ["BINARY(4)", "BINARY(4)"],
  ["TIME", "TIME(0)"],
  ["TIME(3) WITHOUT TIME ZONE", "TIME(3)"],
  ["TIMESTAMP", "TIMESTAMP(6)"],
  ["TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP_LTZ(3)"],
  ["INTERVAL YEAR", "INTERVAL YEAR TO MONTH"],
  ["INTERVAL DAY TO SECOND(3)", "INTERVAL DAY TO SECOND(3)"],
  ["INT NOT NULL ARRAY NOT NULL", "ARRAY<INT NOT NULL> NOT NULL"],
  ["MULTISET<STRING>", "MULTISET<STRING>"],
  ["MAP<STRING, ROW(a INT, `timestamp` DATE)>", "MAP<STRING, ROW<a INT, `timestamp` DATE>>"],
];

function meaningOf(written: string): string {
  const { statements } = parseScript(`CREATE TABLE t (a ${written})`);
  const [statement] = statements;
  const column = statement?.kind === "createTable" ? statement.columns[0] : undefined;
  assert.ok(column?.kind === "physicalColumn");
  return typeText(typeOf(column.type));
}

describe("a type", () => {
  for (const [written, type] of meanings) {
    it(`that is written ${written} is ${type}, and read as that again (SQLY1)`, () => {
      assert.equal(meaningOf(written), type);
      assert.equal(meaningOf(type), type);
    });
  }
});
