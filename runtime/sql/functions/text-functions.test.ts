import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluate, evaluateRepeatedly } from "./evaluation.test-support.ts";

const S = "'This is a test String.'";
const NULL_TEXT = "CAST(NULL AS STRING)";

/** Most are from Flink's documentation and its own tests. */
const examples: readonly (readonly [expression: string, value: unknown])[] = [
  ["UPPER('abc')", "ABC"],
  ["LOWER('ABC')", "abc"],
  [`INITCAP(${S})`, "This Is A Test String."],
  ["INITCAP('fLinK')", "Flink"],
  [`CHAR_LENGTH(${S})`, 22],
  ["CHARACTER_LENGTH('a👍b')", 3],
  ["OCTET_LENGTH('ä👍')", 6],
  ["OCTET_LENGTH(X'0aff')", 2],
  [`SUBSTRING(${S} FROM 2 FOR 1)`, "h"],
  [`SUBSTRING(${S} FROM 2)`, "his is a test String."],
  [`SUBSTRING(${S} FROM -2)`, "g."],
  [`SUBSTRING(${S} FROM -2 FOR 1)`, "g"],
  [`SUBSTRING(${S}, 0, 3)`, "Thi"],
  [`SUBSTR(${S}, 2, 100)`, "his is a test String."],
  [`SUBSTR(${S}, 100, 10)`, ""],
  [`SUBSTR(${S}, -100, 10)`, ""],
  [`SUBSTR(${S}, 2, -1)`, null],
  [`SUBSTR(${S}, 2, 9223372036854775807)`, "his is a test String."],
  [`SUBSTR(${NULL_TEXT}, 2, 3)`, null],
  ["SUBSTR('1世3', 1, 2)", "1世"],
  ["SUBSTR('a👍b👍', 2, 2)", "👍b"],
  [`\`LEFT\`(${S}, 2)`, "Th"],
  [`\`LEFT\`(${S}, -2)`, ""],
  [`\`RIGHT\`(${S}, 2)`, "g."],
  [`\`RIGHT\`(${S}, 100)`, "This is a test String."],
  [`\`RIGHT\`(${S}, -2)`, ""],
  ["TRIM('  example  ')", "example"],
  ["TRIM(LEADING FROM '  example  ')", "example  "],
  ["TRIM(TRAILING FROM '  example  ')", "  example"],
  ["TRIM(BOTH 'e' FROM 'example')", "xampl"],
  ["TRIM(LEADING 'e' FROM 'example')", "xample"],
  ["TRIM(BOTH 'abd' FROM 'abcddcba')", "cddc"],
  ["TRIM(BOTH '开心' FROM '心情开开心心')", "情"],
  [`TRIM(BOTH ${NULL_TEXT} FROM 'a')`, null],
  [`TRIM(BOTH FROM ${NULL_TEXT})`, null],
  ["LTRIM('abcddcba', 'abc')", "ddcba"],
  ["LTRIM(' a ')", "a "],
  ["RTRIM('abcddcba', 'abd')", "abcddc"],
  ["BTRIM('abcddcba', 'abc')", "dd"],
  ["POSITION('test' IN 'xxxtest')", 4],
  ["POSITION('testx' IN 'xxxtest')", 0],
  ["POSITION('b' IN '👍👍b')", 3],
  ["LOCATE('aa', 'aaads', 2)", 2],
  ["LOCATE('b', '👍b👍b', 3)", 4],
  ["LOCATE('a', 'aaads', 0)", 0],
  ["INSTR('myteststring', 'st')", 5],
  ["OVERLAY('xxxxxtest' PLACING 'xxxx' FROM 6)", "xxxxxxxxx"],
  ["OVERLAY('xxxxxtest' PLACING 'xxxx' FROM 6 FOR 2)", "xxxxxxxxxst"],
  ["OVERLAY('123456789' PLACING 'It' FROM -1 FOR 4)", "123456789"],
  ["OVERLAY('123456789' PLACING 'abc' FROM 100 FOR 2)", "123456789"],
  ["OVERLAY('123456789' PLACING 'abc' FROM 2 FOR 100)", "1abc"],
  ["OVERLAY('123456789' PLACING 'abc' FROM 2 FOR -1)", "1abc"],
  ["REPLACE('hello world', 'world', 'flink')", "hello flink"],
  ["REPLACE('ababab', 'abab', 'z')", "zab"],
  ["REPLACE('a.b.c', '.', '$&')", "a$&b$&c"],
  ["TRANSLATE('www.apache.org', 'wapcheorg', ' APCHEcom')", "   .APACHE.com"],
  ["TRANSLATE('abca', 'aab', 'x')", "xcx"],
  ["REPEAT('ab', 2)", "abab"],
  ["REPEAT('ab', -1)", ""],
  ["REVERSE('a👍b')", "b👍a"],
  ["LPAD('hi', 4, '??')", "??hi"],
  ["LPAD('hi', 1, '??')", "h"],
  ["LPAD('äää', 13, '12345')", "1234512345äää"],
  ["LPAD('111', -2, '??')", null],
  ["LPAD('ab', 5, '')", null],
  ["LPAD('ab', 0, 'x')", ""],
  ["RPAD('hi', 4, '??')", "hi??"],
  ["RPAD('äää', 13, '12345')", "äää1234512345"],
  ["RPAD('ab', 4, '👍')", "ab👍👍"],
  ["CONCAT('AA', 'BB', 'CC')", "AABBCC"],
  [`CONCAT('AA', ${NULL_TEXT})`, null],
  [`CONCAT_WS('~', 'AA', ${NULL_TEXT}, 'BB', '', 'CC')`, "AA~BB~~CC"],
  [`CONCAT_WS(${NULL_TEXT}, 'AA')`, null],
  ["SPLIT_INDEX('AQIDBA==', 'I', 0)", "AQ"],
  ["SPLIT_INDEX('AQIDBA==', 'I', 1)", "DBA=="],
  ["SPLIT_INDEX('AQIDBA==', 'I', 2)", null],
  ["SPLIT_INDEX('AQIDBA==', 'I', -1)", null],
  ["SPLIT_INDEX('', ',', 0)", null],
  ["SPLIT_INDEX('a--b--', '--', 1)", "b"],
  ["SPLIT_INDEX('a--b--', '--', 2)", ""],
  ["SPLIT_INDEX('a--b--', '--', 3)", null],
  ["SPLIT_INDEX('ab', '', 0)", "ab"],
  ["SPLIT_INDEX('ab', '', 1)", null],
  ["SPLIT('abcdefg', 'c')", ["ab", "defg"]],
  ["SPLIT(',a,', ',')", ["", "a", ""]],
  ["STR_TO_MAP('')", new Map()],
  ["STR_TO_MAP('a=1,,')", new Map([["a", "1"]])],
  [
    "STR_TO_MAP('k1=v1=x,,k2,,')",
    new Map([
      ["k1", "v1=x"],
      ["k2", null],
      ["", null],
    ]),
  ],
  [
    "STR_TO_MAP('k1$$v1|k2$$ v2', '\\|', '\\$\\$')",
    new Map([
      ["k1", "v1"],
      ["k2", " v2"],
    ]),
  ],
  ["ELT(0, 'a')", null],
  ["ELT(3, 'a', 'b')", null],
  [`ELT(2, 'a', ${NULL_TEXT})`, null],
  [`ELT(1, 'a', ${NULL_TEXT})`, "a"],
  ["REGEXP_COUNT('aaa', 'a')", 3],
  ["REGEXP_COUNT('aaa', '(')", null],
  ["REGEXP_EXTRACT_ALL('100-200, 300-400', '(\\d+)-(\\d+)', 2)", ["200", "400"]],
  ["REGEXP_EXTRACT_ALL('100-200, 300-400', '(\\d+)-(\\d+)', 0)", ["100-200", "300-400"]],
  ["REGEXP_EXTRACT_ALL('ab', '(a)|(b)', 2)", [null, "b"]],
  ["REGEXP_EXTRACT_ALL('ab', 'a', 1)", null],
  ["REGEXP_INSTR('👍b', 'b')", 2],
  ["REGEXP_INSTR('a', 'b')", 0],
  ["REGEXP_SUBSTR('a', 'b')", null],
  ["URL_ENCODE('https://flink.apache.org/a b~*')", "https%3A%2F%2Fflink.apache.org%2Fa+b%7E*"],
  ["URL_DECODE('https%3A%2F%2Fflink.apache.org%2F')", "https://flink.apache.org/"],
  ["URL_DECODE('%F')", null],
  ["UNHEX('F')", Uint8Array.of(15)],
  ["UNHEX('zz')", null],
  ["STARTSWITH('abc', 'ab')", true],
  ["ENDSWITH('abc', 'ab')", false],
  ["ASCII('abcdef')", 97],
  ["ASCII('')", 0],
  ["CHR(97)", "a"],
  ["CHR(353)", "a"],
  ["CHR(-9)", ""],
  ["CHR(0)", "\0"],
  ["REGEXP('100-200', '(\\d+)')", true],
  ["REGEXP('abc-def', '(\\d+)')", false],
  ["REGEXP('abc', '(')", false],
  ["REGEXP('abc', '')", false],
  ["REGEXP('ABC', '(?i)b')", true],
  ["REGEXP('a+b', '\\Qa+b\\E')", true],
  ["REGEXP('aab', '\\Qa+b\\E')", false],
  ["REGEXP('über', '^\\p{Alpha}')", false],
  ["REGEXP('über', '^\\p{L}')", true],
  ["REGEXP('a-b', '[\\w\\-]+$')", true],
  ["REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", "bar"],
  ["REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)')", "foothebar"],
  ["REGEXP_EXTRACT('foothebar', 'foo([\\d]+)', 1)", null],
  ["REGEXP_EXTRACT('foothebar', 'foo', 7)", null],
  ["REGEXP_REPLACE('foobar', 'oo|ar', 'abc')", "fabcbabc"],
  ["REGEXP_REPLACE('fooobar', 'oo', '$')", "f$obar"],
  ["REGEXP_REPLACE('foobar', 'oo', '$&')", "f$&bar"],
  ["REGEXP_REPLACE('foobar', '(', '')", null],
  ["MD5('test')", "098f6bcd4621d373cade4e832627b4f6"],
  ["SHA1('test')", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"],
  ["SHA256('test')", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
  ["TO_BASE64('hello world')", "aGVsbG8gd29ybGQ="],
  ["FROM_BASE64('aGVsbG8gd29ybGQ=')", "hello world"],
  ["FROM_BASE64('5L2g5aW9')", "你好"],
  ["DECODE(ENCODE('aabbef', 'UTF-16LE'), 'UTF-16LE')", "aabbef"],
  ["DECODE(ENCODE('中国👍', 'UTF-16'), 'UTF-16')", "中国👍"],
  ["ENCODE('aé', 'utf-16')", Uint8Array.of(0xfe, 0xff, 0, 0x61, 0, 0xe9)],
  ["ENCODE('aé', 'iso-8859-1')", Uint8Array.of(0x61, 0xe9)],
  ["ENCODE('a👍', 'US-ASCII')", Uint8Array.of(0x61, 0x3f)],
  ["DECODE(X'61ff', 'US-ASCII')", "a\uFFFD"],
  ["HEX(100)", "64"],
  ["HEX(-1)", "FFFFFFFFFFFFFFFF"],
  ["HEX('hello,world')", "68656C6C6F2C776F726C64"],
  ["BIN(12)", "1100"],
  ["IS_ALPHA('abc')", true],
  ["IS_ALPHA('abc1')", false],
  [`IS_ALPHA(${NULL_TEXT})`, false],
  ["IS_DIGIT('123')", true],
  ["IS_DIGIT('11.4445')", false],
  ["IS_DECIMAL('11.4445')", true],
  ["IS_DECIMAL('-1.5E3')", true],
  ["IS_DECIMAL('abc')", false],
];

describe("functions of texts", () => {
  for (const [expression, value] of examples) it(expression, () => assert.deepEqual(evaluate(expression), value));

  it("find a pattern in each row from its beginning", () => {
    assert.deepEqual(evaluateRepeatedly("REGEXP('aXb', 'X')", 3), [true, true, true]);
    assert.deepEqual(evaluateRepeatedly("REGEXP_EXTRACT('aXb', '.X')", 2), ["aX", "aX"]);
  });

  it("never cut a character in two (SQUC1)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: -9, max: 9 }), fc.nat(9), (text, from, count) => {
        const quoted = `'${text.replaceAll("'", "''")}'`;
        for (const call of [
          `SUBSTRING(${quoted}, ${from}, ${count})`,
          `LPAD(${quoted}, ${count}, '👍')`,
          `REVERSE(${quoted})`,
        ])
          assert.ok((evaluate(call) as string).isWellFormed(), call);
      }),
      { seed: 11, numRuns: 60 },
    );
  });
});

const URLS: Readonly<Record<string, readonly (string | null)[]>> = {
  "http://userinfo@flink.apache.org/path?query=1#Ref": [
    "flink.apache.org",
    "/path",
    "query=1",
    "Ref",
    "http",
    "/path?query=1",
    "userinfo@flink.apache.org",
    "userinfo",
    "1",
  ],
  "https://use%20r:pas%20s@example.com/dir%20/pa%20th.HTML?query=x%20y&q2=2#Ref%20two": [
    "example.com",
    "/dir%20/pa%20th.HTML",
    "query=x%20y&q2=2",
    "Ref%20two",
    "https",
    "/dir%20/pa%20th.HTML?query=x%20y&q2=2",
    "use%20r:pas%20s@example.com",
    "use%20r:pas%20s",
    "x%20y",
  ],
  "http://user:pass@host": ["host", "", null, null, "http", "", "user:pass@host", "user:pass", null],
  "http://user:pass@host/?#": ["host", "/", "", "", "http", "/?", "user:pass@host", "user:pass", null],
  "http://host:8080/file;param?query;p2": [
    "host",
    "/file;param",
    "query;p2",
    null,
    "http",
    "/file;param?query;p2",
    "host:8080",
    null,
    null,
  ],
  "invalid://user:pass@host/file;param?query;p2": [null, null, null, null, null, null, null, null, null],
};

describe("PARSE_URL", () => {
  for (const [url, [host, path, query, reference, protocol, file, authority, user, value]] of Object.entries(URLS))
    it(`reads ${url}`, () => {
      const parts = {
        HOST: host,
        PATH: path,
        QUERY: query,
        REF: reference,
        PROTOCOL: protocol,
        FILE: file,
        AUTHORITY: authority,
        USERINFO: user,
      };
      for (const [part, expected] of Object.entries(parts))
        assert.equal(evaluate(`PARSE_URL('${url}', '${part}')`), expected, part);
      assert.equal(evaluate(`PARSE_URL('${url}', 'QUERY', 'query')`), value);
    });
});

describe("functions of texts that fail", () => {
  const failures: readonly (readonly [expression: string, message: RegExp])[] = [
    ["ENCODE('a', 'EBCDIC')", /There is no character set 'EBCDIC'\. Use one of US-ASCII/],
    ["SHA2('a', 128)", /SHA2 of 128 bits\. It has 224, 256, 384 or 512/],
    ["STR_TO_MAP('a', '(')", /STR_TO_MAP by \(, which is no pattern/],
    ["FROM_BASE64('?')", /'\?' is no base64/],
    ["REPEAT('abc', 2147483647)", /REPEAT would make a text of \d+ characters/],
    ["LPAD('abc', 2147483647, 'x')", /LPAD would make a text of 2147483647 characters/],
  ];
  for (const [expression, message] of failures)
    it(`${expression} says what to do`, () =>
      assert.throws(() => evaluate(expression), { code: "SQL_EXPRESSION_FAILED", message }));
});
