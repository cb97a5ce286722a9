import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluate, typedTree } from "../evaluation.test-support.ts";
import { findByPath } from "./json-path.ts";
import { readJsonPath } from "./json-path-text.ts";
import { jsonText } from "./json-text.ts";
import { readJson, writeJson } from "./json-document.ts";

const ACCOUNT = `'{"type": "account", "age": 42, "balance": 13.37, "longBalance": 123456789.987654321, "bigCount": 9999999999, "activated": true, "nullField": null, "contains blank": "right", "a.b": [0.998, 0.996], "v": "42"}'`;
const NESTED = `'{"a":[{"c":"c1"},{"c":"c2"}], "b": [1, 2], "o": {}, "n": 1.50, "s": "[1,2]", "ids": [9223372036854775807, 9007199254740993], "items": [{"itemId": 1234, "count": 10}, null, [1]]}'`;

/** Most are from Flink's documentation and its own tests. */
const examples: readonly (readonly [expression: string, value: unknown])[] = [
  // JSON_EXISTS.
  [`JSON_EXISTS('{"a": true}', '$.a')`, true],
  [`JSON_EXISTS('{"a": true}', '$.b')`, false],
  [`JSON_EXISTS('{"a": [{ "b": 1 }]}', '$.a[0].b')`, true],
  [`JSON_EXISTS('{"a": true}', 'strict $.b' TRUE ON ERROR)`, true],
  [`JSON_EXISTS('{"a": true}', 'strict $.b' UNKNOWN ON ERROR)`, null],
  [`JSON_EXISTS('{"a": true}', 'lax $.b' TRUE ON ERROR)`, false],
  [`JSON_EXISTS('{"a": null}', '$.a')`, false],
  [`JSON_EXISTS('{"a": [1]}', '$.items[*]')`, false],
  [`JSON_EXISTS('{"a": [1]}', '$.a[*]')`, true],
  [`JSON_EXISTS('{"a": [1]}', '$.a[3]')`, false],
  [`JSON_EXISTS('no json', '$' TRUE ON ERROR)`, true],
  [`JSON_EXISTS('no json', 'lax $' TRUE ON ERROR)`, false],
  ["JSON_EXISTS(CAST(NULL AS STRING), 'lax $')", null],
  // JSON_VALUE.
  [`JSON_VALUE('{"a": true}', '$.a')`, "true"],
  [`JSON_VALUE('{"a": true}', '$.a' RETURNING BOOLEAN)`, true],
  [`JSON_VALUE('{"a": true}', 'lax $.b' DEFAULT FALSE ON EMPTY)`, "false"],
  [`JSON_VALUE('{"a": true}', 'strict $.b' DEFAULT FALSE ON ERROR)`, "false"],
  [`JSON_VALUE(${ACCOUNT}, '$.["a.b"][0]' RETURNING DOUBLE)`, 0.998],
  [`JSON_VALUE(${ACCOUNT}, 'strict $.[''contains blank'']' NULL ON EMPTY DEFAULT 'wrong' ON ERROR)`, "right"],
  [`JSON_VALUE(${ACCOUNT}, '$.longBalance')`, "123456789.987654321"],
  [`JSON_VALUE(${ACCOUNT}, '$.balance')`, "13.37"],
  [`JSON_VALUE(${ACCOUNT}, '$.type')`, "account"],
  [`JSON_VALUE(${ACCOUNT}, '$.age' RETURNING INT)`, 42],
  [`JSON_VALUE(${ACCOUNT}, '$.age' RETURNING BIGINT)`, 42n],
  [`JSON_VALUE(${ACCOUNT}, '$.bigCount' RETURNING BIGINT)`, 9999999999n],
  [`JSON_VALUE(${ACCOUNT}, '$.balance' RETURNING FLOAT)`, Math.fround(13.37)],
  [`JSON_VALUE(${ACCOUNT}, '$.balance' RETURNING DECIMAL(10, 2))`, 1337n],
  [`JSON_VALUE(${ACCOUNT}, '$.balance' RETURNING INTEGER)`, 13],
  [`JSON_VALUE(${ACCOUNT}, '$.v' RETURNING INTEGER)`, 42],
  [`JSON_VALUE(${ACCOUNT}, 'lax $.invalid' NULL ON EMPTY ERROR ON ERROR)`, null],
  [`JSON_VALUE(${ACCOUNT}, 'lax $.invalid' RETURNING INTEGER DEFAULT 42 ON EMPTY ERROR ON ERROR)`, 42],
  [`JSON_VALUE(${ACCOUNT}, 'strict $.invalid' ERROR ON EMPTY NULL ON ERROR)`, null],
  [`JSON_VALUE(${ACCOUNT}, 'strict $.invalid' RETURNING INTEGER DEFAULT 1 ON EMPTY DEFAULT 42 ON ERROR)`, 42],
  [`JSON_VALUE(${ACCOUNT}, 'lax $.invalid' RETURNING INTEGER DEFAULT 42 ON ERROR DEFAULT 1 ON EMPTY)`, 1],
  [`JSON_VALUE(${ACCOUNT}, '$.nullField' RETURNING INTEGER DEFAULT 7 ON EMPTY)`, 7],
  [`JSON_VALUE(${ACCOUNT}, '$.type' RETURNING INTEGER DEFAULT 42 ON ERROR)`, 42],
  [`JSON_VALUE(${ACCOUNT}, '$.bigCount' RETURNING INTEGER)`, null],
  [`JSON_VALUE(${ACCOUNT}, '$.longBalance' RETURNING DECIMAL(5, 2))`, null],
  [`JSON_VALUE('[1]', '$')`, null],
  [`JSON_VALUE('[1]', 'lax $' DEFAULT 'none' ON EMPTY)`, "none"],
  [`JSON_VALUE('[1]', 'strict $' DEFAULT 'none' ON ERROR)`, "none"],
  [`JSON_VALUE('{"a": 1', '$.a' DEFAULT 'none' ON ERROR)`, "none"],
  ["JSON_VALUE(CAST(NULL AS STRING), 'lax $')", null],
  // JSON_QUERY.
  [`JSON_QUERY('{ "a": { "b": 1 } }', '$.a')`, '{"b":1}'],
  ["JSON_QUERY('[1, 2]', '$')", "[1,2]"],
  ["JSON_QUERY(CAST(NULL AS STRING), '$')", null],
  [`JSON_QUERY(${NESTED}, 'lax $.a[*].c')`, '["c1","c2"]'],
  ["JSON_QUERY('{}', '$' WITH CONDITIONAL ARRAY WRAPPER)", "[{}]"],
  ["JSON_QUERY('[1, 2]', '$' WITH CONDITIONAL ARRAY WRAPPER)", "[1,2]"],
  ["JSON_QUERY('[1, 2]', '$' WITH UNCONDITIONAL ARRAY WRAPPER)", "[[1,2]]"],
  ["JSON_QUERY('1', '$')", null],
  ["JSON_QUERY('1', '$' WITH CONDITIONAL ARRAY WRAPPER)", "[1]"],
  ["JSON_QUERY('{}', 'lax $.invalid' EMPTY OBJECT ON EMPTY)", "{}"],
  ["JSON_QUERY('{}', 'strict $.invalid' EMPTY ARRAY ON ERROR)", "[]"],
  [`JSON_QUERY(${NESTED}, '$.s' WITH CONDITIONAL WRAPPER)`, '["[1,2]"]'],
  [`JSON_QUERY(${NESTED}, '$.n' WITH WRAPPER)`, "[1.50]"],
  [`JSON_QUERY(${NESTED}, '$.ids')`, "[9223372036854775807,9007199254740993]"],
  [`JSON_QUERY(${NESTED}, '$.b' RETURNING ARRAY<STRING>)`, ["1", "2"]],
  [`JSON_QUERY(${NESTED}, '$.ids' RETURNING ARRAY<BIGINT>)`, [9223372036854775807n, 9007199254740993n]],
  [`JSON_QUERY(${NESTED}, '$.items' RETURNING ARRAY<STRING>)`, ['{"itemId":1234,"count":10}', null, "[1]"]],
  [`JSON_QUERY(${NESTED}, '$.items' RETURNING ARRAY<INT>)`, null],
  [`JSON_QUERY(${NESTED}, '$.items' RETURNING ARRAY<INT> EMPTY ARRAY ON ERROR)`, []],
  // JSON_OBJECT and JSON_ARRAY.
  ["JSON_OBJECT()", "{}"],
  ["JSON_OBJECT('K1' VALUE 'V1', 'K2' VALUE 'V2')", '{"K1":"V1","K2":"V2"}'],
  ["JSON_OBJECT(KEY 'K1' VALUE CAST(NULL AS STRING) NULL ON NULL)", '{"K1":null}'],
  ["JSON_OBJECT(KEY 'K1' VALUE CAST(NULL AS STRING) ABSENT ON NULL)", "{}"],
  ["JSON_OBJECT(KEY 'K1' VALUE JSON_OBJECT(KEY 'K2' VALUE 'V'))", '{"K1":{"K2":"V"}}'],
  [`JSON_OBJECT('2' VALUE 1.50, '1' VALUE '{"a":1}')`, '{"2":1.50,"1":"{\\"a\\":1}"}'],
  ["JSON_OBJECT('a' VALUE CAST(NULL AS INT), 'b' VALUE 2, 'c' VALUE CAST(NULL AS INT) ABSENT ON NULL)", '{"b":2}'],
  ["JSON_OBJECT('a' VALUE 1, 'b' VALUE 2, 'a' VALUE 3)", '{"a":3,"b":2}'],
  ["JSON_OBJECT(UPPER('a') VALUE 1, 'b' VALUE 2)", '{"A":1,"b":2}'],
  ["JSON_ARRAY()", "[]"],
  ["JSON_ARRAY(1, '2')", '[1,"2"]'],
  ["JSON_ARRAY(CAST(NULL AS STRING) NULL ON NULL)", "[null]"],
  ["JSON_ARRAY(CAST(NULL AS STRING), 1)", "[1]"],
  ["JSON_ARRAY(JSON_ARRAY(1))", "[[1]]"],
  // JSON_STRING.
  ["JSON_STRING(CAST(NULL AS INT))", null],
  ["JSON_STRING(TRUE)", "true"],
  [`JSON_STRING('Hello, "World"!')`, '"Hello, \\"World\\"!"'],
  ["JSON_STRING(ARRAY[1, 2])", "[1,2]"],
  ["JSON_STRING(1.23)", "1.23"],
  ["JSON_STRING(-0.05)", "-0.05"],
  ["JSON_STRING(1E0)", "1.0"],
  ["JSON_STRING(LOG(-1))", '"NaN"'],
  ["JSON_STRING(CAST(9007199254740993 AS BIGINT))", "9007199254740993"],
  ["JSON_STRING(TIMESTAMP '1990-06-02 13:37:42.001')", '"1990-06-02T13:37:42.001"'],
  ["JSON_STRING(TO_TIMESTAMP_LTZ(644333862001, 3))", '"1990-06-02T13:37:42.001Z"'],
  ["JSON_STRING(TIMESTAMP '1969-12-31 23:59:59.123456')", '"1969-12-31T23:59:59.123456"'],
  ["JSON_STRING(DATE '1990-06-02')", '"1990-06-02"'],
  ["JSON_STRING(TIME '13:37:42')", '"13:37:42"'],
  ["JSON_STRING(X'54657374')", '"VGVzdA=="'],
  ["JSON_STRING(MAP['M1', 'V1', 'M2', NULL])", '{"M1":"V1","M2":null}'],
  // JSON_QUOTE and JSON_UNQUOTE.
  ["JSON_QUOTE('≠ will be escaped')", '"\\u2260 will be escaped"'],
  [`JSON_QUOTE('"1"')`, '"\\"1\\""'],
  [`JSON_UNQUOTE('"[\\u0041]"')`, "[A]"],
  ["JSON_UNQUOTE('[]')", "[]"],
  [`JSON_UNQUOTE('"[1, 2, 3}')`, '"[1, 2, 3}'],
  // IS JSON.
  [`'"abc"' IS JSON`, true],
  ["'abc' IS JSON", false],
  ["CAST(NULL AS STRING) IS JSON", false],
  ["'1' IS JSON SCALAR", true],
  ["'1' IS JSON ARRAY", false],
  ["'{}' IS JSON OBJECT", true],
  ["'{}' IS NOT JSON OBJECT", false],
  ["'[]' IS NOT JSON SCALAR", true],
];

describe("functions of JSON", () => {
  for (const [expression, value] of examples) it(expression, () => assert.deepEqual(evaluate(expression), value));

  const failures: readonly (readonly [expression: string, message: RegExp])[] = [
    [`JSON_EXISTS('{}', 'strict $.a' ERROR ON ERROR)`, /JSON_EXISTS found no value: .*'a'|leads to nothing/],
    [
      `JSON_VALUE('{}', 'lax $.a' ERROR ON EMPTY)`,
      /JSON_VALUE found no value: nothing is at the path\. .*DEFAULT to go on/,
    ],
    [`JSON_QUERY('{"a": "x"}', '$.a' ERROR ON ERROR)`, /neither an object nor an array is at the path/],
    [`JSON_VALUE('{"a": "x"}', '$.a' RETURNING INT ERROR ON ERROR)`, /the value at the path has another type/],
    ["JSON_OBJECT(KEY CAST(NULL AS STRING) VALUE 1)", /A key of JSON_OBJECT is NULL\. /],
  ];
  for (const [expression, message] of failures)
    it(`fail where the query says so: ${expression}`, () =>
      assert.throws(() => evaluate(expression), { code: "SQL_EXPRESSION_FAILED", message }));

  const refusals: readonly (readonly [expression: string, message: RegExp])[] = [
    [
      "JSON_VALUE('{}', '$.[')",
      /the path cannot be read: brackets hold a place.*; there is nothing more at place 4\. Write it as/,
    ],
    ["JSON_VALUE('{}', '$.a.length()')", /functions are not supported/],
    ["JSON_QUERY('{}', '$' RETURNING INT)", /JSON_QUERY cannot return INT\. It returns a text, or an ARRAY/],
    ["JSON_VALUE('{}', '$' RETURNING DATE)", /JSON_VALUE cannot return DATE\. /],
    [
      "JSON_VALUE('{}', '$' RETURNING INT DEFAULT ARRAY[1] ON EMPTY)",
      /the result is INT, and this DEFAULT is ARRAY<INT NOT NULL>/,
    ],
  ];
  for (const [expression, message] of refusals)
    it(`are refused where the query is checked: ${expression}`, () =>
      assert.throws(() => typedTree(expression), { message }));

  it("write rows and what is in them", () => {
    const type = {
      kind: "row",
      isNullable: true,
      fields: [
        { name: 'a "b"', type: { kind: "date", isNullable: true } },
        { name: "list", type: { kind: "array", isNullable: true, element: { kind: "date", isNullable: true } } },
      ],
    } as const;
    const row = { 'a "b"': new Date(Date.UTC(2026, 0, 31)), list: [null, new Date(0)] };
    assert.equal(jsonText(type)(row), '{"a \\"b\\"":"2026-01-31","list":[null,"1970-01-01"]}');
    assert.equal(jsonText(type)(null), "null");
  });
});

const STORE = {
  store: {
    book: [
      { category: "reference", author: "Nigel Rees", title: "Sayings", price: 8.95 },
      { category: "fiction", author: "Evelyn Waugh", title: "Sword", price: 12.99 },
      { category: "fiction", author: "Herman Melville", title: "Moby Dick", isbn: "0-553-21311-3", price: 8.99 },
    ],
    bicycle: { color: "red", price: 19.95 },
  },
  expensive: 10,
};
const titles = (...places: number[]): string[] => places.map((place) => STORE.store.book[place]?.title ?? "");

/** Paths of Jayway's documentation. */
const paths: readonly (readonly [path: string, found: unknown])[] = [
  ["$", STORE],
  ["$.store.bicycle.color", "red"],
  ["$['store']['bicycle'][\"color\"]", "red"],
  ["$.store.book[0].title", "Sayings"],
  ["$.store.book[-1].title", "Moby Dick"],
  ["$.store.book[*].title", titles(0, 1, 2)],
  ["$.store.book[0,2].title", titles(0, 2)],
  ["$.store.book[:2].title", titles(0, 1)],
  ["$.store.book[1:].title", titles(1, 2)],
  ["$.store.book[-2:].title", titles(1, 2)],
  ["$.store.bicycle['color','price','none']", STORE.store.bicycle],
  ["$..author", ["Nigel Rees", "Evelyn Waugh", "Herman Melville"]],
  ["$.store..price", [8.95, 12.99, 8.99, 19.95]],
  ["$..book[1].title", titles(1)],
  ["$..book[?(@.isbn)].title", titles(2)],
  ["$..book[?(!@.isbn)].title", titles(0, 1)],
  ["$.store.book[?(@.price < 10)].title", titles(0, 2)],
  ["$..book[?(@.price <= $.expensive)].title", titles(0, 2)],
  ["$..book[?(@.price < 10 && @.category == 'fiction')].title", titles(2)],
  ["$..book[?(@.category == 'reference' || (@.price > 12))].title", titles(0, 1)],
  ["$..book[?(@.author =~ /.*REES/i)].title", titles(0)],
  ["$..book[?(@.author =~ /Rees/)].title", []],
  ["$.store.bicycle[?(@.color != 'blue')]", [STORE.store.bicycle]],
  ["$.store.bicycle.*", ["red", 19.95]],
  ["$.store.book[*].isbn", ["0-553-21311-3"]],
];

describe("a path into a document (SQUQ1)", () => {
  const root = readJson(JSON.stringify(STORE));
  assert.ok(root !== undefined);
  for (const [text, found] of paths)
    it(`${text}`, () => {
      const path = readJsonPath(text);
      assert.ok(!("kind" in path), JSON.stringify(path));
      const result = findByPath(path, root);
      assert.ok(result.kind === "found", JSON.stringify(result));
      assert.deepEqual(JSON.parse(writeJson(result.node) ?? "none"), found);
    });

  const missing: readonly (readonly [path: string, kind: "error" | "nothing"])[] = [
    ["$.store.car", "error"],
    ["lax $.store.car", "nothing"],
    ["STRICT $.store.car.color", "error"],
    ["$.cars[*].color", "error"],
    ["$.store.book[9]", "error"],
    ["lax $.store.book.title", "nothing"],
    ["$.expensive.currency", "error"],
    ["$.expensive[0]", "error"],
    ["$.expensive[?(@.a)]", "error"],
  ];
  for (const [text, kind] of missing)
    it(`leads nowhere: ${text}`, () => {
      const path = readJsonPath(text);
      assert.ok(!("kind" in path), JSON.stringify(path));
      assert.equal(findByPath(path, root).kind, kind);
    });

  for (const text of [
    "",
    "a",
    "$a",
    "$.",
    "$[",
    "$['a]",
    "$[?(@.a]",
    "$[?(1)]",
    "$.a b",
    "$[?(@.a =~ 'x')]",
    "$[?(@.a =~ /(/)]",
    "$[?(@.a == )]",
  ])
    it(`cannot be read: ${text}`, () => assert.ok("kind" in readJsonPath(text)));
});

describe("a document", () => {
  it("comes out as it went in, digit by digit (SQUJ1)", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const node = readJson(text);
        assert.ok(node !== undefined);
        assert.equal(JSON.stringify(JSON.parse(writeJson(node) ?? "none")), JSON.stringify(JSON.parse(text)));
      }),
      { seed: 2, numRuns: 200 },
    );
    for (const text of ["[1.50,-0,1E3,0.10,12345678901234567890]", '{"a":1e400}'])
      assert.equal(writeJson(readJson(text) ?? null), text);
  });

  it("that has more levels than can be written is an error, and ON ERROR decides", () => {
    const deep = `'{"a": ${"[".repeat(50_000)}${"]".repeat(50_000)}}'`;
    assert.equal(evaluate(`JSON_QUERY(${deep}, '$.a')`), null);
    assert.equal(evaluate(`JSON_QUERY(${deep}, '$.a' EMPTY ARRAY ON ERROR)`), "[]");
    assert.equal(evaluate(`JSON_EXISTS(${deep}, '$..b[?(@.c == 1)]')`), true);
    assert.equal(evaluate(`JSON_EXISTS(${deep}, '$[?(@.a == @.a)]')`), true);
    assert.equal(evaluate(`${deep} IS JSON`), true);
  });

  it("is none when it cannot be read", () => {
    for (const text of ["", "{", "{'a': 1}", "[1,]", "NaN", "1 2"]) assert.equal(readJson(text), undefined, text);
  });
});
