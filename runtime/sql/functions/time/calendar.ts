/**
 * Owns: days of the Gregorian calendar, also before it was in use, as numbers of days since 1970-01-01.
 */
export const DAY_MS = 86_400_000;

/** `month` and `day` from 1. */
export type CivilDay = { readonly year: number; readonly month: number; readonly day: number };

const DAYS_OF_400_YEARS = 146_097;
/** From 0000-03-01 to 1970-01-01: years are counted from March, so that the leap day is their last. */
const DAYS_TO_EPOCH = 719_468;

export function daysOf({ year, month, day }: CivilDay): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_OF_400_YEARS + dayOfEra - DAYS_TO_EPOCH;
}

export function civilOf(days: number): CivilDay {
  const shifted = days + DAYS_TO_EPOCH;
  const era = Math.floor(shifted / DAYS_OF_400_YEARS);
  const dayOfEra = shifted - era * DAYS_OF_400_YEARS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** From 1. */
export const dayOfYear = (days: number): number => days - daysOf({ year: civilOf(days).year, month: 1, day: 1 }) + 1;

/** 1 is Sunday, 7 Saturday. */
export const dayOfWeek = (days: number): number => ((((days + 4) % 7) + 7) % 7) + 1;

/** By ISO 8601: weeks begin on Monday, and the first one of a year has its first Thursday. */
export function weekOfYear(days: number): number {
  const fromMonday = (dayOfWeek(days) + 5) % 7;
  const thursday = days - fromMonday + 3;
  return Math.floor((dayOfYear(thursday) - 1) / 7) + 1;
}

/** The year that the week of ISO 8601 belongs to. */
export const weekYear = (days: number): number => civilOf(days - ((dayOfWeek(days) + 5) % 7) + 3).year;

/** So many months later; where that month has no such day, its last one. */
export function plusMonths(days: number, months: number): number {
  const { year, month, day } = civilOf(days);
  const count = year * 12 + (month - 1) + months;
  const later = { year: Math.floor(count / 12), month: (((count % 12) + 12) % 12) + 1 };
  return daysOf({ ...later, day: Math.min(day, daysInMonth(later.year, later.month)) });
}
