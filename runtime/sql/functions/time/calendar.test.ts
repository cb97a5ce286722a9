import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { timeZone } from "./time-zone.ts";
import { civilOf, DAY_MS, dayOfWeek, dayOfYear, daysInMonth, daysOf, plusMonths } from "./calendar.ts";
import { datePattern } from "./date-pattern.ts";

/** From about the year -4000 to 12000. */
const days = fc.integer({ min: -2_180_000, max: 3_660_000 });

describe("the calendar", () => {
  it("agrees with the one of the language on every day", () => {
    fc.assert(
      fc.property(days, (day) => {
        const date = new Date(day * DAY_MS);
        const civil = civilOf(day);
        assert.deepEqual(civil, { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() });
        assert.equal(daysOf(civil), day);
        assert.equal(dayOfWeek(day), date.getUTCDay() + 1);
        const first = new Date(0);
        first.setUTCFullYear(civil.year, 0, 1);
        assert.equal(dayOfYear(day), day - first.getTime() / DAY_MS + 1);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it("adds months, and keeps the day as far as there is one", () => {
    fc.assert(
      fc.property(days, fc.integer({ min: -5000, max: 5000 }), (day, months) => {
        const [from, to] = [civilOf(day), civilOf(plusMonths(day, months))];
        assert.equal(to.year * 12 + to.month, from.year * 12 + from.month + months);
        assert.equal(to.day, Math.min(from.day, daysInMonth(to.year, to.month)));
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});

describe("a pattern of dates", () => {
  const patterns = [
    "yyyy-MM-dd HH:mm:ss.SSSSSSSSS",
    "yyyyMMddHHmmssSSSSSSSSS",
    "EEEE, d MMMM yyyy 'at' h:mm:ss.SSSSSSSSS a",
    "D/yyyy k:m:s.SSSSSSSSS",
  ];
  const moments = fc.tuple(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), fc.nat(999_999));

  for (const pattern of patterns)
    it(`reads what it has written: ${pattern}`, () => {
      const form = datePattern(pattern);
      fc.assert(
        fc.property(moments, ([clockMs, nanos]) => {
          const text = form.write(clockMs, nanos, null);
          for (const isLenient of [false, true])
            assert.deepEqual(form.read(text, isLenient), { clockMs, nanos, offsetMs: null }, text);
        }),
        { seed: 8, numRuns: 200 },
      );
    });
});

describe("a time zone", () => {
  const names = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "+05:45",
  ];

  for (const name of names)
    it(`leads from an instant to its clock time and back, but for the second time of an hour that comes twice: ${name}`, () => {
      const zone = timeZone(name);
      fc.assert(
        fc.property(fc.integer({ min: -2e9, max: 4e9 }), (seconds) => {
          const instant = seconds * 1000;
          const back = zone.instantOf(zone.clockOf(instant));
          assert.equal(zone.clockOf(back), zone.clockOf(instant));
          assert.ok(back <= instant);
        }),
        { seed: 9, numRuns: 200 },
      );
    });
});
