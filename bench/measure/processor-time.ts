/**
 * Owns: processor time of processes that this one started: exact, by what the kernel adds up when a child has ended.
 *
 * PTI1 A process that has ended and was waited for counts, with all of its own children that it had waited for.
 */
import { readFileSync } from "node:fs";

/** USER_HZ: 100 on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

/** User and system seconds of all ended children so far, and of theirs (PTI1). undefined: not Linux. */
export function childrenSeconds(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The name in parentheses may hold blanks. Behind it state is field 3; cutime and cstime are fields 16 and 17.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}
