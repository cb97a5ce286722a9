import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decimalText, doubleText, floatText, parseDecimal, plainDecimal } from "./number-text.ts";
import { rowText } from "./row-text.ts";
import { columnsOf, sql } from "../tables.test-support.ts";
import { scalarText, ValueMisfit } from "./scalar-text.ts";
import { dateText, parseDate, parseTime, parseTimestamp, timestampText } from "./time-text.ts";

const seed = { seed: 11, numRuns: 300 };

describe("numbers as Java writes them", () => {
  it("TBCN1: a DOUBLE and a FLOAT have the fewest digits, and an exponent outside of 1e-3 to 1e7", () => {
    const doubles: readonly (readonly [number, string])[] = [
      [1, "1.0"],
      [-0, "-0.0"],
      [0.1, "0.1"],
      [123.456, "123.456"],
      [0.001, "0.001"],
      [0.00012, "1.2E-4"],
      [9999999, "9999999.0"],
      [1e7, "1.0E7"],
      [1.234567891e10, "1.234567891E10"],
      [1e300, "1.0E300"],
      [Number.NaN, "NaN"],
      [Number.NEGATIVE_INFINITY, "-Infinity"],
    ];
    for (const [value, text] of doubles) assert.equal(doubleText(value), text);
    assert.equal(floatText(Math.fround(0.1)), "0.1");
    assert.equal(floatText(Math.fround(16777216)), "1.6777216E7");
    assert.equal(floatText(Math.fround(3.4028234663852886e38)), "3.4028235E38");
  });

  it("TBCN1: every DOUBLE and FLOAT comes back from its text", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => Object.is(Number(doubleText(value)), value)),
      seed,
    );
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => Object.is(Math.fround(Number(floatText(value))), value)),
      seed,
    );
  });

  it("TBCN2: decimals are read exactly, rounded half up behind the scale, and refused when they do not fit", () => {
    const cases: readonly (readonly [string, number, number, bigint | null])[] = [
      ["12.34", 4, 2, 1234n],
      ["-12.345", 5, 2, -1235n],
      ["12.344", 5, 2, 1234n],
      ["0.005", 3, 2, 1n],
      ["0.0049", 3, 2, 0n],
      ["99.995", 4, 2, null],
      ["100", 4, 2, null],
      ["1e2", 5, 2, 10000n],
      ["1.5E-1", 3, 2, 15n],
      ["1e-300", 3, 2, 0n],
      ["1e300", 38, 0, null],
      ["000.10", 3, 2, 10n],
      [".5", 2, 1, 5n],
      ["12345678901234567890.12345678", 38, 8, 1234567890123456789012345678n],
      ["", 3, 2, null],
      [".", 3, 2, null],
      ["1,5", 3, 2, null],
    ];
    for (const [text, precision, scale, expected] of cases)
      assert.equal(parseDecimal(text, precision, scale), expected, text);
  });

  it("TBCN2: short decimals, which are read another way, are the same", () => {
    const short = fc.string({ unit: fc.constantFrom("0", "1", "5", "9", ".", "-", "e"), minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(short, fc.integer({ min: 1, max: 12 }), fc.nat(6), (text, precision, scale) => {
        fc.pre(scale <= precision && !text.startsWith("-"));
        // A sign is read the long way.
        assert.equal(parseDecimal(text, precision, scale), parseDecimal(`+${text}`, precision, scale), text);
      }),
      { seed: 12, numRuns: 3000 },
    );
  });

  it("writes decimals with all digits, and very small ones with an exponent as BigDecimal does", () => {
    assert.equal(decimalText(1230n, 2), "12.30");
    assert.equal(decimalText(-5n, 2), "-0.05");
    assert.equal(decimalText(1n, 6), "0.000001");
    assert.equal(decimalText(12n, 8), "1.2E-7");
    assert.equal(plainDecimal(12n, 8), "0.00000012");
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.integer({ min: 0, max: 18 }),
        (unscaled, scale) => {
          assert.equal(parseDecimal(decimalText(unscaled, scale), 38, scale), unscaled);
          assert.equal(parseDecimal(plainDecimal(unscaled, scale), 38, scale), unscaled);
        },
      ),
      seed,
    );
  });
});

describe("times as text", () => {
  it("reads only what the calendar and the clock have", () => {
    assert.equal(parseDate("1970-01-02"), 86_400_000);
    assert.equal(parseDate("2024-02-29"), Date.UTC(2024, 1, 29));
    for (const text of ["2023-02-29", "2024-13-01", "2024-00-01", "24-01-01", "2024-01-01 ", "x"])
      assert.equal(parseDate(text), null, text);
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 9999 }), fc.nat(13), fc.nat(32), (year, month, day) => {
        const two = (value: number): string => String(value).padStart(2, "0");
        const date = new Date(Date.UTC(year, month - 1, day));
        const isThere = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
        assert.equal(parseDate(`${year}-${two(month)}-${two(day)}`), isThere ? date.getTime() : null);
        assert.equal(parseDate(`${year}-${month}-${day}`), isThere ? date.getTime() : null);
      }),
      { seed: 13, numRuns: 2000 },
    );
    assert.equal(parseTime("10:00:05.678", 3), 36_005_678);
    assert.equal(parseTime("10:00", 3), 36_000_000);
    assert.equal(parseTime("10:00:05x678", 3), null);
    assert.equal(parseTime("10:00:05.678", 0), 36_005_000);
    for (const text of ["24:00:00", "10:60:00", "10:00:60", "1:00:00"]) assert.equal(parseTime(text, 3), null, text);
  });

  it("TBCM2: cuts to the digits of the type, also before 1970", () => {
    const form = { standard: "SQL", precision: 3, isInstant: false } as const;
    assert.equal(parseTimestamp("1970-01-01 00:00:01.5678", form), 1567);
    assert.equal(parseTimestamp("1969-12-31 23:59:59.9999", form), -1);
    assert.equal(parseTimestamp("1969-12-31 23:59:59.9999", { ...form, precision: 0 }), -1000);
    assert.equal(parseTimestamp("1970-01-01 00:00:01.567891234", { ...form, precision: 6 }), 1_567_891_000n);
    assert.equal(parseTimestamp("1969-12-31 23:59:59.999999999", { ...form, precision: 9 }), -1n);
  });

  it("TBCM3: the two standards are told apart, and an instant has its distance from UTC", () => {
    const sqlForm = { standard: "SQL", precision: 3, isInstant: false } as const;
    assert.equal(parseTimestamp("2024-05-01T10:00:00", sqlForm), null);
    assert.equal(parseTimestamp("2024-05-01 10:00:00", { ...sqlForm, standard: "ISO-8601" }), null);
    const instant = { standard: "ISO-8601", precision: 3, isInstant: true } as const;
    assert.equal(parseTimestamp("2024-05-01T10:00:00", instant), null);
    assert.equal(parseTimestamp("2024-05-01T10:00:00.5Z", instant), Date.UTC(2024, 4, 1, 10) + 500);
    assert.equal(parseTimestamp("2024-05-01T10:00:00+02:00", instant), Date.UTC(2024, 4, 1, 8));
  });

  it("every timestamp comes back from its text, in both standards and with every precision", () => {
    const nanos = fc.bigInt({ min: -62_000_000_000_000_000_000n, max: 253_000_000_000_000_000_000n });
    fc.assert(
      fc.property(
        nanos,
        fc.constantFrom("SQL", "ISO-8601"),
        fc.integer({ min: 4, max: 9 }),
        (value, standard, precision) => {
          const unit = 10n ** BigInt(9 - precision);
          const cut = value - (((value % unit) + unit) % unit);
          assert.equal(parseTimestamp(timestampText(cut, standard), { standard, precision, isInstant: false }), cut);
        },
      ),
      seed,
    );
    const ms = fc.integer({ min: -62_000_000_000_000, max: 253_000_000_000_000 });
    fc.assert(
      fc.property(ms, (value) => {
        assert.equal(
          parseTimestamp(timestampText(value, "SQL"), { standard: "SQL", precision: 3, isInstant: false }),
          value,
        );
        const day = Math.floor(value / 86_400_000) * 86_400_000;
        assert.equal(parseDate(dateText(day)), day);
      }),
      seed,
    );
  });
});

describe("values as text", () => {
  it("TBCS1: refuses what is not of the type, with what was read", () => {
    const refused: readonly (readonly [Parameters<typeof scalarText>[0], string, RegExp])[] = [
      [sql.tinyint, "128", /"128" is not TINYINT/],
      [sql.smallint, "-32769", /SMALLINT/],
      [sql.int, "1.0", /"1.0" is not INT/],
      [sql.int, "", /"" is not INT/],
      [sql.int, "12345678901234567", /INT/],
      [sql.bigint, "12x", /"12x" is not BIGINT/],
      [sql.bigint, "-", /BIGINT/],
      [sql.bigint, "9223372036854775808", /BIGINT/],
      [sql.double, "1,5", /DOUBLE/],
      [sql.double, "0x10", /DOUBLE/],
      [sql.decimal(4, 2), "123", /DECIMAL\(4, 2\)/],
      [sql.date, "yesterday", /DATE/],
      [sql.bytes, "?", /BYTES/],
    ];
    for (const [type, text, expected] of refused)
      assert.throws(
        () => scalarText(type, "SQL")?.parse(text),
        (error) => error instanceof ValueMisfit && expected.test(error.message),
        text,
      );
  });

  it("TBCS2: numbers may have spaces around them, and what is not `true` is false", () => {
    assert.equal(scalarText(sql.int, "SQL")?.parse(" +7 "), 7);
    assert.equal(scalarText(sql.int, "SQL")?.parse("-0"), 0);
    assert.equal(scalarText(sql.int, "SQL")?.parse("0000000000000000042"), 42);
    for (const text of ["0", "7", "+7", "-7", "999999999999999", "1234567890123456", "-999999999999999"])
      assert.equal(scalarText(sql.bigint, "SQL")?.parse(text), BigInt(text.replace("+", "")));
    assert.equal(scalarText(sql.bigint, "SQL")?.parse("-9223372036854775808"), -(2n ** 63n));
    assert.equal(scalarText(sql.boolean, "SQL")?.parse("TRUE "), true);
    assert.equal(scalarText(sql.boolean, "SQL")?.parse("yes"), false);
  });
});

describe("rows as print shows them", () => {
  it("TBCR1: as Java prints the classes that Flink uses", () => {
    const text = rowText(
      columnsOf({
        a: sql.int,
        b: sql.string,
        c: sql.double,
        d: sql.decimal(10, 2),
        e: sql.timestamp(3),
        f: sql.instant(6),
        g: sql.date,
        h: sql.time(3),
        i: sql.bytes,
        j: sql.array(sql.string),
        k: sql.map(sql.string, sql.float),
        l: sql.row({ x: sql.boolean, y: sql.bigint }),
        m: sql.interval("month"),
        n: sql.interval("millisecond"),
      }),
    );
    const row = {
      a: 1,
      b: "a, b",
      c: 1,
      d: 1050n,
      e: Date.UTC(2024, 4, 1, 10),
      f: BigInt(Date.UTC(2024, 4, 1, 10)) * 1_000_000n + 120_000n,
      g: new Date(Date.UTC(2024, 4, 1)),
      h: 36_005_500,
      i: Uint8Array.of(1, 255),
      j: ["x", null],
      k: new Map([["k", 0.5]]),
      l: { x: true, y: 2n },
      m: 14,
      n: 5_400_500,
    };
    assert.equal(
      text(row, 0),
      "+I[1, a, b, 1.0, 10.50, 2024-05-01T10:00, 2024-05-01T10:00:00.000120Z, 2024-05-01, 10:00:05.500, [1, -1], [x, null], {k=0.5}, +I[true, 2], P1Y2M, PT1H30M0.5S]",
    );
  });

  it("shows the kind of each row, and NULL as null", () => {
    const text = rowText(columnsOf({ a: sql.string }));
    assert.deepEqual(
      [0, 1, 2, 3].map((kind) => text({ a: null }, kind)),
      ["+I[null]", "-U[null]", "+U[null]", "-D[null]"],
    );
  });
});
