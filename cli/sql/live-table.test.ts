import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ResultChange } from "../../runtime/table/engine.ts";
import { LiveTable } from "./live-table.ts";
import { liveLines, Screen } from "./screen.ts";
import { resultWriter } from "./result-format.ts";
import { systemClock } from "../../base/index.ts";
import { scalarRow } from "./rows.test-support.ts";

const change = (text: string): ResultChange => {
  const [kind = "", ...values] = text.split(" ");
  return { kind: kind as ResultChange["kind"], values: values.map((value) => (value === "-" ? null : value)) };
};

function tableOf(changes: readonly string[], rowsMax?: number): LiveTable {
  const table = new LiveTable(rowsMax);
  for (const each of changes) table.take(change(each));
  return table;
}

const rowsOf = (table: LiveTable): readonly string[] => table.rows().map((row) => row.join(" "));

describe("the rows of a result that changes", () => {
  it("stay at their places when they are replaced, and equal ones are several (LVT1)", () => {
    const table = tableOf(["+I a 1", "+I b 1", "+I b 1", "-U a 1", "+U a 2", "-D b 1"]);
    assert.deepEqual(rowsOf(table), ["a 2", "b 1"]);
    assert.deepEqual([table.size, table.changes], [2, 6]);
  });

  it("are right when replacements of several keys come mixed", () => {
    const table = tableOf(["+I a 1", "+I b 1", "-U a 1", "-U b 1", "+U b 2", "+U a 2"]);
    assert.deepEqual(rowsOf(table).toSorted(), ["a 2", "b 2"]);
  });

  it("are let go when there are too many, the first one first (LVT2)", () => {
    const table = tableOf(["+I a 1", "+I b 1", "+I c 1", "-D a 1"], 2);
    assert.deepEqual([rowsOf(table), table.size, table.dropped], [["b 1", "c 1"], 2, 1]);
  });
});

describe("places of rows that are not replaced", () => {
  it("are kept for a while only: a filter may let the old row through, and not the new one (LVT2)", () => {
    const table = new LiveTable(10);
    for (let at = 0; at < 1000; at++) for (const kind of ["+I", "-U"]) table.take(change(`${kind} a ${at}`));
    assert.deepEqual([table.size, table.places <= 10], [0, true]);
    table.take(change("+U b 1"));
    assert.deepEqual(rowsOf(table), ["b 1"]);
  });

  it("are let go where many rows are equal", () => {
    const table = new LiveTable(20_000);
    for (let at = 0; at < 60_000; at++) table.take(change("+I a 1"));
    assert.deepEqual([table.size, table.dropped], [20_000, 40_000]);
    table.take(change("-D a 1"));
    assert.equal(table.size, 19_999);
  });
});

describe("a screen", () => {
  it("shows the last rows that fit, and cuts what is too wide", () => {
    const table = tableOf(["+I a 1", "+I b 2", "+I c -"]);
    assert.deepEqual(liveLines(scalarRow, table, { height: 7, width: 14 }), [
      "+------+-----…",
      "| name |  cou…",
      "+------+-----…",
      "|    b |     …",
      "|    c | <NUL…",
      "+------+-----…",
    ]);
  });

  it("cuts wide columns, so that all of them are seen with their names", () => {
    const table = tableOf([`+I ${"a".repeat(150)} ${"1".repeat(40)}`, "+I b 2"]);
    assert.deepEqual(liveLines(scalarRow, table, { height: 7, width: 31 }), [
      "+--------------+--------------+",
      "|         name |        count |",
      "+--------------+--------------+",
      "| aaaaaaaaa... | 111111111... |",
      "|            b |            2 |",
      "+--------------+--------------+",
    ]);
    // The narrow one stays whole, and gives its room to the other.
    const uneven = tableOf([`+I ${"a".repeat(150)} 12345`]);
    assert.equal(liveLines(scalarRow, uneven, { height: 7, width: 31 })[3], "| aaaaaaaaaaaaaaaa... | 12345 |");
  });

  it("cuts by the columns of the terminal, of which a wide character takes two", () => {
    const table = tableOf(["+I 張三李四王五 1"]);
    assert.equal(liveLines(scalarRow, table, { height: 7, width: 10 })[3], "|  張三..…");
  });

  it("gives the person's own screen back, once (SCRN2)", () => {
    const written: string[] = [];
    const output = { rows: 10, columns: 40, write: (text: string) => written.push(text) };
    const table = tableOf(["+I a 1"]);
    const screen = new Screen(output, systemClock, { row: scalarRow, table });
    screen.open("The job is starting");
    screen.status("1 row");
    screen.close();
    screen.close();
    assert.ok(written[0]?.includes("\u001b[?1049h"));
    assert.match(written[1] ?? "", /\| name \| count \|.*\|\s+a \|\s+1 \|.*The job is starting/s);
    assert.equal(written.filter((text) => text.includes("\u001b[?1049l")).length, 1);
  });
});

describe("a result as text", () => {
  const textOf = (format: "table" | "csv" | "json", isChanging: boolean, isWhole: boolean): readonly string[] => {
    const lines: string[] = [];
    const writer = resultWriter(format, { row: scalarRow, isChanging, isWhole }, (line) => lines.push(line));
    writer.begin();
    for (const each of ["+I a 1", "+I - -", '+I q" 12345678901234567890']) writer.take(change(each));
    writer.end(true);
    return lines;
  };

  it("is JSON, an object a line, with numbers as they are (RFMT1, RFMT2)", () => {
    assert.deepEqual(textOf("json", true, false), [
      '{"op":"+I","name":"a","count":1}',
      '{"op":"+I","name":null,"count":null}',
      '{"op":"+I","name":"q\\"","count":12345678901234567890}',
    ]);
    for (const line of textOf("json", false, true)) JSON.parse(line);
  });

  it("is CSV with a heading, quoted where it has to be", () => {
    assert.deepEqual(textOf("csv", false, true), ["name,count", "a,1", ",", '"q""",12345678901234567890']);
  });

  it("is a table as wide as its rows where all are known, and as its types where they are not (RFMT3)", () => {
    assert.deepEqual(textOf("table", false, true).slice(1, 5), [
      "|   name |                count |",
      "+--------+----------------------+",
      "|      a |                    1 |",
      "| <NULL> |               <NULL> |",
    ]);
    assert.deepEqual(textOf("table", false, true).at(-1), "3 rows in set");
    assert.match(textOf("table", true, false)[1] ?? "", /^\| op \| {27}name \| {16}count \|$/);
  });
});
