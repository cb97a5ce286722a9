/**
 * Owns: times as Kubernetes writes them (RFC 3339 in UTC), to and from epoch milliseconds. Pure.
 */
import { assert } from "../base/index.ts";

/** `2031-04-01T12:00:00.250Z`. */
export function formatTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** Epoch milliseconds. Asserts that the text is a time: only for what an operator or an API server wrote. */
export function parseTime(text: string): number {
  const epochMs = Date.parse(text);
  assert(!Number.isNaN(epochMs), `"${text}" is no time`);
  return epochMs;
}
