/**
 * Owns: the result of a query for whoever asks for it in another process: changes as lines on a TaskManager's standard output, and how they are read.
 *
 * RSLN1 A line is a mark that no text of a job begins with, and a JSON array: the kind of the change, then the values as SQL casts them to STRING, null for NULL.
 *     What else a job prints goes by, also where it has not ended its line before. A line that was cut, as its process was killed, is no change.
 */
import type { OperatorFactory } from "../ports/index.ts";
import type { PlanRow } from "../sql/index.ts";
import { PrintedTable } from "./printed-table.ts";
import type { Texts } from "./table-text.ts";

/** The separator of texts of JSON (RFC 7464). */
const MARK = "\u001e";

export type ResultChange = {
  readonly kind: "+I" | "-U" | "+U" | "-D";
  readonly values: Texts;
};

/** `row`: the columns of what comes, all of them STRINGs. In one subtask. */
export function resultLines(row: PlanRow): OperatorFactory<unknown, string> {
  return { kind: "operator", name: "result", create: () => new ResultLines(row) };
}

class ResultLines extends PrintedTable {
  protected take(texts: Texts, kind: string): void {
    this.print(`${MARK}${JSON.stringify([kind, ...texts])}`);
  }
}

/** What a line has: something else that the job has printed, or null; and a change, or null. */
export type ReadLine = { readonly printed: string | null; readonly change: ResultChange | null };

/** RSLN1 */
export function readResultLine(line: string): ReadLine {
  const at = line.lastIndexOf(MARK);
  if (at < 0) return { printed: line, change: null };
  const before = line.slice(0, at);
  return { printed: before === "" || before.startsWith(MARK) ? null : before, change: changeOf(line.slice(at + 1)) };
}

function changeOf(text: string): ResultChange | null {
  try {
    const [kind, ...values] = JSON.parse(text) as [ResultChange["kind"], ...(string | null)[]];
    return { kind, values };
  } catch {
    return null;
  }
}
