/**
 * Owns: questions about days of the Gregorian calendar, as numbers of days since 1970-01-01; the calendar itself is casts/time-texts.ts.
 */
import { addMonths, civilOf as partsOf, DAY_MS } from "../../casts/time-texts.ts";
import { daysOf as daysOfParts } from "../../casts/time-zone.ts";

/** `month` and `day` from 1. */
export type CivilDay = { readonly year: number; readonly month: number; readonly day: number };

export const daysOf = ({ year, month, day }: CivilDay): number => daysOfParts(year, month, day);

export function civilOf(days: number): CivilDay {
  const [year, month, day] = partsOf(days * DAY_MS);
  return { year, month, day };
}

/** From 1. */
export const dayOfYear = (days: number): number => days - daysOfParts(civilOf(days).year, 1, 1) + 1;

/** 1 is Sunday, 7 Saturday. */
export const dayOfWeek = (days: number): number => ((((days + 4) % 7) + 7) % 7) + 1;

/** By ISO 8601: weeks begin on Monday, and the first one of a year has its first Thursday. */
export function weekOfYear(days: number): number {
  const fromMonday = (dayOfWeek(days) + 5) % 7;
  const thursday = days - fromMonday + 3;
  return Math.floor((dayOfYear(thursday) - 1) / 7) + 1;
}

/** So many months later; where that month has no such day, its last one. */
export const plusMonths = (days: number, months: number): number => addMonths(days * DAY_MS, months) / DAY_MS;
