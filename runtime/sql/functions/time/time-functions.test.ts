import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evaluateAll } from "../../codegen/evaluation.test-support.ts";
import { evaluate, NOW_MS } from "../evaluation.test-support.ts";

const ms = (text: string): number => Date.parse(`${text}Z`);
const TS = "TIMESTAMP '1996-11-10 06:55:44.333'";
const DAY = "DATE '1996-11-10'";

/** Most are from Flink's documentation and its own tests. */
const examples: readonly (readonly [expression: string, value: unknown])[] = [
  [`EXTRACT(YEAR FROM ${DAY})`, 1996n],
  [`EXTRACT(QUARTER FROM ${TS})`, 4n],
  [`EXTRACT(MONTH FROM ${TS})`, 11n],
  [`EXTRACT(WEEK FROM ${TS})`, 45n],
  ["EXTRACT(DAY FROM DATE '2006-06-05')", 5n],
  ["EXTRACT(DOW FROM DATE '1994-09-27')", 3n],
  ["EXTRACT(DOW FROM DATE '2026-02-01')", 1n],
  ["EXTRACT(isodow FROM DATE '2026-02-01')", 7n],
  ["EXTRACT(ISODOW FROM DATE '2026-02-02')", 1n],
  ["EXTRACT(DOY FROM DATE '1994-09-27')", 270n],
  ["EXTRACT(ISOYEAR FROM DATE '2021-01-03')", 2020n],
  ["EXTRACT(ISOYEAR FROM DATE '2024-12-30')", 2025n],
  ["EXTRACT(DECADE FROM DATE '1996-11-10')", 199n],
  ["EXTRACT(CENTURY FROM DATE '2000-12-31')", 20n],
  ["EXTRACT(CENTURY FROM DATE '2001-01-01')", 21n],
  ["EXTRACT(MILLENNIUM FROM DATE '2000-12-31')", 2n],
  ["EXTRACT(EPOCH FROM TIMESTAMP '1970-01-02 00:00:01.9')", 86_401n],
  ["EXTRACT(EPOCH FROM TIMESTAMP '1969-12-31 23:59:59.5')", -1n],
  ["EXTRACT(EPOCH FROM INTERVAL '1 00:00:01' DAY TO SECOND)", 86_401n],
  [`EXTRACT(HOUR FROM ${TS})`, 6n],
  [`EXTRACT(HOUR FROM ${DAY})`, 0n],
  ["EXTRACT(MINUTE FROM TIME '06:55:44')", 55n],
  [`EXTRACT(SECOND FROM ${TS})`, 44n],
  [`EXTRACT(MILLISECOND FROM ${TS})`, 333n],
  [`EXTRACT(MICROSECOND FROM ${TS})`, 333_000n],
  ["EXTRACT(NANOSECOND FROM TIMESTAMP '1969-12-31 23:59:59.123456789')", 123_456_789n],
  ["EXTRACT(SECOND FROM TIMESTAMP '1969-12-31 23:59:59.123456789')", 59n],
  ["EXTRACT(YEAR FROM INTERVAL '25' MONTH)", 2n],
  ["EXTRACT(MONTH FROM INTERVAL '25' MONTH)", 1n],
  ["EXTRACT(DAY FROM INTERVAL '50' HOUR)", 2n],
  ["EXTRACT(HOUR FROM INTERVAL '50' HOUR)", 2n],
  ["YEAR(DATE '0001-01-01')", 1n],
  ["QUARTER(DATE '1994-09-27')", 3n],
  ["MONTH(DATE '1994-09-27')", 9n],
  ["WEEK(DATE '1994-09-27')", 39n],
  // The last days of a year may be in the next year's first week, and its first ones in the last year's last.
  ["WEEK(DATE '2024-12-30')", 1n],
  ["WEEK(DATE '2027-01-01')", 53n],
  ["DAYOFYEAR(DATE '1994-09-27')", 270n],
  ["DAYOFYEAR(DATE '2024-12-31')", 366n],
  ["DAYOFMONTH(DATE '1994-09-27')", 27n],
  ["DAYOFWEEK(DATE '1994-09-27')", 3n],
  ["DAYOFWEEK(DATE '1969-12-28')", 1n],
  ["HOUR(TIME '23:14:15')", 23n],
  [`MINUTE(${TS})`, 55n],
  ["SECOND(TIMESTAMP '1994-09-27 13:14:15')", 15n],
  [`FLOOR(${TS} TO YEAR)`, ms("1996-01-01")],
  [`FLOOR(${TS} TO QUARTER)`, ms("1996-10-01")],
  [`FLOOR(${TS} TO MONTH)`, ms("1996-11-01")],
  ["FLOOR(DATE '1996-11-13' TO WEEK)", ms("1996-11-10")],
  [`FLOOR(${TS} TO HOUR)`, ms("1996-11-10T06:00")],
  [`FLOOR(${TS} TO SECOND)`, ms("1996-11-10T06:55:44")],
  ["FLOOR(TIME '12:44:31' TO MINUTE)", (12 * 60 + 44) * 60_000],
  ["CEIL(TIME '12:44:31' TO MINUTE)", (12 * 60 + 45) * 60_000],
  [`CEIL(${TS} TO YEAR)`, ms("1997-01-01")],
  [`CEIL(${TS} TO MONTH)`, ms("1996-12-01")],
  [`CEIL(${TS} TO DAY)`, ms("1996-11-11")],
  [`CEIL(${TS} TO SECOND)`, ms("1996-11-10T06:55:45")],
  [`CEIL(${DAY} TO DAY)`, ms("1996-11-10")],
  [`FLOOR(${DAY} TO HOUR)`, ms("1996-11-10")],
  ["CEIL(TIMESTAMP '2026-01-01 00:00:00.000000001' TO SECOND)", BigInt(ms("2026-01-01T00:00:01")) * 1_000_000n],
  ["FLOOR(TIMESTAMP '1969-12-31 23:59:59.999999999' TO MICROSECOND)", -1000n],
  ["CEIL(TIMESTAMP '1969-12-31 23:59:59.999999999' TO MICROSECOND)", 0n],
  ["TIMESTAMPADD(YEAR, 3, TIMESTAMP '2017-11-29 22:58:58.998')", ms("2020-11-29T22:58:58.998")],
  ["TIMESTAMPADD(QUARTER, 1, TIMESTAMP '2017-11-29 22:58:58.998')", ms("2018-02-28T22:58:58.998")],
  ["TIMESTAMPADD(MONTH, -61, TIMESTAMP '2017-11-29 22:58:58.998')", ms("2012-10-29T22:58:58.998")],
  ["TIMESTAMPADD(WEEK, -1000, TIMESTAMP '2017-11-29 22:58:58.998')", ms("1998-09-30T22:58:58.998")],
  ["TIMESTAMPADD(HOUR, -61, TIMESTAMP '2017-11-29 22:58:58.998')", ms("2017-11-27T09:58:58.998")],
  ["TIMESTAMPADD(SECOND, CAST(-1000 AS BIGINT), TIMESTAMP '2017-11-29 22:58:58.998')", ms("2017-11-29T22:42:18.998")],
  ["TIMESTAMPADD(MONTH, -1, DATE '2016-03-31')", ms("2016-02-29")],
  ["TIMESTAMPADD(MONTH, 5, DATE '2016-01-31')", ms("2016-06-30")],
  ["TIMESTAMPADD(SECOND, 1, TIME '23:59:59')", 0],
  ["TIMESTAMPADD(HOUR, -1, TIME '00:00:00')", 23 * 3_600_000],
  ["TIMESTAMPADD(YEAR, 10, TIME '23:59:59')", 86_399_000],
  ["TIMESTAMPADD(MICROSECOND, -1, TIMESTAMP '1970-01-01 00:00:00.0000')", -1000n],
  ["TIMESTAMPADD(NANOSECOND, 1500000, TIMESTAMP '1970-01-01 00:00:00.0000')", 1_500_000n],
  ["TIMESTAMPADD(HOUR, CAST(NULL AS INT), DATE '2016-03-31')", null],
  ["TIMESTAMPDIFF(DAY, TIMESTAMP '2018-07-03 11:11:11', TIMESTAMP '2018-07-05 11:11:11')", 2],
  ["TIMESTAMPDIFF(DAY, TIMESTAMP '2016-06-15 11:00:00', DATE '2016-06-19')", 3],
  ["TIMESTAMPDIFF(HOUR, DATE '2016-06-15', DATE '2016-06-12')", -72],
  ["TIMESTAMPDIFF(MINUTE, DATE '2016-06-15', TIMESTAMP '2016-06-16 11:11:11')", 2111],
  ["TIMESTAMPDIFF(SECOND, TIMESTAMP '2016-06-15 11:00:00', DATE '2016-06-19')", 306_000],
  ["TIMESTAMPDIFF(WEEK, DATE '2016-08-15', DATE '2016-06-18')", -8],
  ["TIMESTAMPDIFF(MONTH, DATE '2016-06-15', TIMESTAMP '2018-06-16 11:11:11')", 24],
  ["TIMESTAMPDIFF(MONTH, TIMESTAMP '2016-06-15 11:00:00', DATE '2018-05-19')", 23],
  ["TIMESTAMPDIFF(MONTH, DATE '2018-03-18', DATE '2016-06-15')", -21],
  ["TIMESTAMPDIFF(QUARTER, TIMESTAMP '2018-01-03 11:11:11', TIMESTAMP '2018-09-05 11:11:11')", 2],
  ["TIMESTAMPDIFF(QUARTER, DATE '2016-06-15', DATE '2018-03-18')", 7],
  ["TIMESTAMPDIFF(YEAR, DATE '2024-02-29', DATE '2025-02-28')", 1],
  ["DATE_FORMAT(TIMESTAMP '2026-03-29 00:05:07.123', 'yyyy-MM-dd''T''HH:mm:ss.SSS')", "2026-03-29T00:05:07.123"],
  [
    "DATE_FORMAT(TIMESTAMP '2026-03-29 00:05:07.123456789', 'EEEE, d MMM yy h:mm a SSSSSS')",
    "Sunday, 29 Mar 26 12:05 AM 123456",
  ],
  ["DATE_FORMAT(DATE '2026-03-29', 'EEE D kk K ''at'' MMMM')", "Sun 88 24 0 at March"],
  ["DATE_FORMAT('2018-03-14 09:05:03', 'yyyy/MM/dd HH')", "2018/03/14 09"],
  ["DATE_FORMAT('2018-3-14', 'yyyyMMdd')", "20180314"],
  ["DATE_FORMAT('no date', 'yyyy')", null],
  ["TO_DATE('2017-09-15')", ms("2017-09-15")],
  ["TO_DATE('2017-09-15 00:00:00')", ms("2017-09-15")],
  ["TO_DATE('15.9.2017', 'dd.MM.yyyy')", ms("2017-09-15")],
  ["TO_DATE('2017-02-30')", null],
  ["TO_TIMESTAMP('abc')", null],
  ["TO_TIMESTAMP('2017-09-15 00:00:00')", ms("2017-09-15")],
  ["TO_TIMESTAMP('1999-9-10 05:20:10.12')", ms("1999-09-10T05:20:10.120")],
  ["TO_TIMESTAMP('20170915000007', 'yyyyMMddHHmmss')", ms("2017-09-15T00:00:07")],
  ["TO_TIMESTAMP('2017-09-15', 'yyyy-MM-dd')", ms("2017-09-15")],
  ["TO_TIMESTAMP('1999-9-10', 'yyyy-MM-dd')", ms("1999-09-10")],
  ["TO_TIMESTAMP('10 Sep 1999, 3:04 PM', 'd MMM yyyy, h:mm a')", ms("1999-09-10T15:04:00")],
  ["TO_TIMESTAMP('2026-01-31T10:00:00Z', 'yyyy-MM-dd''T''HH:mm:ssX')", ms("2026-01-31T10:00:00")],
  ["TO_TIMESTAMP('2026-01-31 25:00:00')", null],
  ["TO_TIMESTAMP('2026-01-31 10:00:00 and more', 'yyyy-MM-dd HH:mm:ss')", null],
  ["TO_TIMESTAMP_LTZ(100, 0)", 100_000],
  ["TO_TIMESTAMP_LTZ(CAST(-100 AS BIGINT), 3)", -100],
  ["TO_TIMESTAMP_LTZ(1234)", 1234],
  ["TO_TIMESTAMP_LTZ(253402300800000, 3)", null],
  ["TO_TIMESTAMP_LTZ(253402300799, 0)", 253_402_300_799_000],
  ["TO_TIMESTAMP_LTZ(1.5, 0)", 1500],
  ["TO_TIMESTAMP_LTZ(1.5E0, 0)", 1500],
  ["TO_TIMESTAMP_LTZ('2023-01-01 00:00:00')", ms("2023-01-01T00:00:00")],
  ["TO_TIMESTAMP_LTZ('2023-01-01 12:30:00', 'yyyy-MM-dd HH:mm:ss', 'Asia/Shanghai')", ms("2023-01-01T04:30:00")],
  ["FROM_UNIXTIME(44)", "1970-01-01 00:00:44"],
  ["FROM_UNIXTIME(-1, 'yy.M.d')", "69.12.31"],
  ["UNIX_TIMESTAMP()", BigInt(Math.floor(NOW_MS / 1000))],
  ["UNIX_TIMESTAMP('1970-01-01 08:00:01')", 28_801n],
  ["UNIX_TIMESTAMP('no time')", -9223372036854775808n],
  ["CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", "1969-12-31 16:00:00"],
  ["CONVERT_TZ('1970-01-01 00:00:00', 'GMT-08:00', 'UTC+5:30')", "1970-01-01 13:30:00"],
  ["CONVERT_TZ('1970-01-01 00:00:00', 'PST', '+0100')", "1970-01-01 09:00:00"],
  ["CONVERT_TZ('1970', 'UTC', 'UTC')", null],
];

describe("functions of times", () => {
  for (const [expression, value] of examples) it(expression, () => assert.deepEqual(evaluate(expression), value));
});

const BERLIN = { timeZone: "Europe/Berlin" };
/** 2026-03-29 01:00 and 2026-10-25 01:00 in UTC: when clocks in Berlin are set, forward and back. */
const [FORWARD, BACK] = [ms("2026-03-29T01:00:00"), ms("2026-10-25T01:00:00")];
const instant = (milliseconds: number): string => `TO_TIMESTAMP_LTZ(${milliseconds}, 3)`;

/** In Europe/Berlin. */
const zoned: readonly (readonly [expression: string, value: unknown])[] = [
  // Flink's documentation of UNIX_TIMESTAMP.
  ["UNIX_TIMESTAMP('1970-01-01 08:00:01.001', 'yyyy-MM-dd HH:mm:ss.SSS')", 25_201n],
  ["UNIX_TIMESTAMP('1970-01-01 08:00:01.001 +0800', 'yyyy-MM-dd HH:mm:ss.SSS X')", 1n],
  ["UNIX_TIMESTAMP('1970-01-01 08:00:01.001 +0800', 'yyyy-MM-dd HH:mm:ss.SSS')", 25_201n],
  ["UNIX_TIMESTAMP('1970-01-01 08:00:01.001', 'yyyy-MM-dd HH:mm:ss.SSS X')", -9223372036854775808n],
  ["FROM_UNIXTIME(44)", "1970-01-01 01:00:44"],
  [`EXTRACT(HOUR FROM ${instant(FORWARD - 1)})`, 1n],
  [`EXTRACT(HOUR FROM ${instant(FORWARD)})`, 3n],
  [`EXTRACT(EPOCH FROM ${instant(FORWARD)})`, BigInt(FORWARD / 1000)],
  // The hour that comes twice: both times it is rounded to its own beginning (SQUF1).
  [`FLOOR(${instant(BACK - 1)} TO HOUR)`, BACK - 3_600_000],
  [`FLOOR(${instant(BACK + 1)} TO HOUR)`, BACK],
  [`FLOOR(${instant(FORWARD)} TO DAY)`, ms("2026-03-28T23:00:00")],
  [`CEIL(${instant(FORWARD)} TO DAY)`, ms("2026-03-29T22:00:00")],
  [`TIMESTAMPADD(DAY, 1, ${instant(FORWARD - 1)})`, FORWARD - 1 + 86_400_000],
  // A month later the clock shows the same time.
  [`TIMESTAMPADD(MONTH, 1, ${instant(ms("2026-03-15T11:00:00"))})`, ms("2026-04-15T10:00:00")],
  [`TIMESTAMPDIFF(HOUR, ${instant(FORWARD - 1)}, ${instant(FORWARD + 3_600_000)})`, 1],
  // Clock times that are there twice, or not at all (SQUZ1).
  ["UNIX_TIMESTAMP('2026-10-25 02:30:00')", BigInt(ms("2026-10-25T00:30:00") / 1000)],
  ["UNIX_TIMESTAMP('2026-03-29 02:30:00')", BigInt(ms("2026-03-29T01:30:00") / 1000)],
  [`DATE_FORMAT(${instant(FORWARD)}, 'HH:mm:ss XXX')`, "03:00:00 +02:00"],
  [`DATE_FORMAT(${instant(FORWARD - 1)}, 'HH:mm:ss Z')`, "01:59:59 +0100"],
  ["CURRENT_DATE", ms("2026-02-01")],
  ["CURRENT_TIME", 30 * 60_000 + 5678],
  ["LOCALTIME", 30 * 60_000 + 5678],
  ["LOCALTIMESTAMP", ms("2026-02-01T00:30:05.678")],
  ["CURRENT_TIMESTAMP", NOW_MS],
  ["NOW()", NOW_MS],
  ["CURRENT_ROW_TIMESTAMP()", NOW_MS],
  ["PROCTIME()", NOW_MS],
];

describe("functions of times in a zone", () => {
  for (const [expression, value] of zoned) it(expression, () => assert.deepEqual(evaluate(expression, BERLIN), value));

  it("know zones that change within a day, by seconds, and on the other half of the earth", () => {
    // Monrovia was 44 minutes and 30 seconds behind until 1972.
    assert.equal(evaluate("FROM_UNIXTIME(0)", { timeZone: "Africa/Monrovia" }), "1969-12-31 23:15:30");
    assert.equal(evaluate("FROM_UNIXTIME(1775315700)", { timeZone: "Australia/Lord_Howe" }), "2026-04-05 01:45:00");
    assert.equal(evaluate("FROM_UNIXTIME(1775313900)", { timeZone: "Australia/Lord_Howe" }), "2026-04-05 01:45:00");
  });

  it("see the beginning of a bounded query in all its rows, but for CURRENT_ROW_TIMESTAMP (SQUK1)", () => {
    const bounded = { ...BERLIN, beganAtMs: 0 };
    assert.equal(evaluate("CURRENT_TIMESTAMP", bounded), 0);
    assert.equal(evaluate("LOCALTIMESTAMP", bounded), 3_600_000);
    assert.equal(evaluate("CURRENT_ROW_TIMESTAMP()", bounded), NOW_MS);
  });

  it("refuse a zone that there is not, instead of taking UTC (SQUZ2)", () => {
    const error = { code: "SQL_EXPRESSION_FAILED", message: /There is no time zone 'Berlin'\. Use a name such as/ };
    assert.throws(() => evaluate("CONVERT_TZ('1970-01-01 00:00:00', 'Berlin', 'UTC')"), error);
  });

  it("have the watermark of the operator, and NULL before there is one", () => {
    const call = `CURRENT_WATERMARK(${TS})`;
    assert.equal(evaluate(call), null);
    assert.equal(evaluate(call, { watermark: () => null }), null);
    assert.equal(evaluate(call, { watermark: () => 77 }), 77);
  });

  const failures: readonly (readonly [expression: string, message: RegExp])[] = [
    ["DATE_FORMAT(DATE '2026-01-31', 'YYYY')", /The pattern 'YYYY' has the letter Y\. /],
    ["DATE_FORMAT(DATE '2026-01-31', 'yyyy''T')", /The pattern 'yyyy'T' has a quote that is not closed\. /],
    ["TIMESTAMPADD(YEAR, 300000, DATE '2026-01-31')", /TIMESTAMPADD leads beyond all dates\. /],
    ["TO_TIMESTAMP_LTZ(1, 6)", /TO_TIMESTAMP_LTZ with precision 6\. 0 says that the number counts seconds/],
  ];
  for (const [expression, message] of failures)
    it(`refuse ${expression}`, () =>
      assert.throws(() => evaluate(expression), { code: "SQL_EXPRESSION_FAILED", message }));
});

describe("parts of times row after row", () => {
  it("are those of each row, in whatever order the times come", () => {
    const dates =
      "1969-12-31T23:59:59.999 1970-01-01T00:00:00.000 1996-11-10T06:55:44.333 1996-11-10T06:59:59.999".split(" ");
    const later =
      "1996-11-10T07:00:00.000 1996-11-11T07:00:00.000 1996-11-10T06:55:44.333 0001-01-01T00:00:00.000".split(" ");
    const times = [...dates, ...later].map((each) => new Date(`${each}Z`));
    const rows = times.map((time) => ({ c: time.getTime() }));
    const having = (part: string): readonly unknown[] =>
      evaluateAll(part === "DAYOFWEEK" ? "DAYOFWEEK(c)" : `EXTRACT(${part} FROM c)`, {
        columns: "c TIMESTAMP(3)",
        rows,
      });
    const parts: Readonly<Record<string, (time: Date) => number>> = {
      YEAR: (time) => time.getUTCFullYear(),
      MONTH: (time) => time.getUTCMonth() + 1,
      DAY: (time) => time.getUTCDate(),
      DAYOFWEEK: (time) => time.getUTCDay() + 1,
      HOUR: (time) => time.getUTCHours(),
      MINUTE: (time) => time.getUTCMinutes(),
      SECOND: (time) => time.getUTCSeconds(),
      MILLISECOND: (time) => time.getUTCMilliseconds(),
      EPOCH: (time) => Math.floor(time.getTime() / 1000),
    };
    for (const [part, of] of Object.entries(parts))
      assert.deepEqual(
        having(part),
        times.map((time) => BigInt(of(time))),
        part,
      );
  });
});
