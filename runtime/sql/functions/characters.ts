/**
 * Owns: texts as SQL sees them: sequences of Unicode code points, not of UTF-16 units.
 *
 * SQUC1 A place or length in a text counts code points, in every function: no character is ever cut in two. (Flink counts UTF-16 units in LPAD, RPAD and OVERLAY.)
 */
const hasPairs = (text: string): boolean => /[\uD800-\uDBFF]/.test(text);

export function lengthOf(text: string): number {
  if (!hasPairs(text)) return text.length;
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** From place `start` (the first is 0) up to `end`, which is not in it; both within the text or beyond its end. */
export function slice(text: string, start: number, end: number): string {
  if (!hasPairs(text)) return text.slice(start, end);
  return Array.from(text).slice(start, end).join("");
}

/** As `text.indexOf`, in code points; -1: nowhere. */
export function placeOf(text: string, searched: string, from: number): number {
  if (!hasPairs(text)) return text.indexOf(searched, from);
  const skipped = slice(text, 0, from).length;
  const unit = text.indexOf(searched, skipped);
  return unit < 0 ? -1 : lengthOf(text.slice(0, unit));
}

export function reversed(text: string): string {
  return Array.from(text).toReversed().join("");
}

type Side = "LEADING" | "TRAILING" | "BOTH";

/** Without any of these characters at its ends. */
export function trimmed(text: string, characters: string, side: Side): string {
  if (characters.length === 1) return trimmedOf(text, characters.charCodeAt(0), side);
  const set = new Set(characters);
  const points = Array.from(text);
  let [start, end] = [0, points.length];
  if (side !== "TRAILING") while (start < end && set.has(points[start] as string)) start++;
  if (side !== "LEADING") while (end > start && set.has(points[end - 1] as string)) end--;
  return points.slice(start, end).join("");
}

/** Of one UTF-16 unit: no unit is a part of two characters. */
function trimmedOf(text: string, unit: number, side: Side): string {
  let [start, end] = [0, text.length];
  if (side !== "TRAILING") while (start < end && text.charCodeAt(start) === unit) start++;
  if (side !== "LEADING") while (end > start && text.charCodeAt(end - 1) === unit) end--;
  return text.slice(start, end);
}
