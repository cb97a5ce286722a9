/**
 * Owns: a failure in words for a person: what, where in the job module, what to do. Pure.
 */
import { pathToFileURL } from "node:url";
import { baseErrorCodes, type ErrorInfo } from "../../base/index.ts";
import { runtimeErrorCodes } from "../../runtime/failures/index.ts";
import { cliErrorCodes } from "../error-codes.ts";

const CAUSE = "\nCaused by: ";

/** One line: the exception of the user's code where there is one, and its place: `Error: no such word, at job.ts:12:7`. */
export function failureReason(error: ErrorInfo, module: string): string {
  const place = placeInModule(error.stack, module);
  const cause = userException(error, module);
  // Shows its places in the script.
  if (error.code === "SQL_INVALID") return error.message;
  const message = firstLine(error.message);
  const what = cause === null || message.includes(cause.message) ? message : `${message}: ${cause.text}`;
  const line = place?.replace(/(:\d+):\d+$/, "$1");
  return place === null || line === undefined || what.includes(line) ? what : `${what}, at ${place}`;
}

/** Of the codes that a job ends with; another version's job may end with one that is not here. */
const explanations: Readonly<Record<string, string>> = { ...baseErrorCodes, ...runtimeErrorCodes, ...cliErrorCodes };

/** Several lines: the reason, the code, and what the code's explanation says to do. */
export function failureLines(error: ErrorInfo, module: string): string[] {
  const lines = [failureReason(error, module)];
  const explanation = error.code === undefined ? undefined : explanations[error.code];
  if (explanation !== undefined) lines.push(`${error.code}: ${explanation}`);
  else if (error.code !== undefined) lines.push(error.code);
  return lines;
}

/** `file:line:column` of the innermost frame of the job module, or null when it has none. */
function placeInModule(stack: string, module: string): string | null {
  for (const section of stack.split(CAUSE).toReversed()) {
    for (const name of [pathToFileURL(module).href, module]) {
      const at = section.indexOf(`${name}:`);
      const position = at < 0 ? null : /^:\d+(?::\d+)?/.exec(section.slice(at + name.length));
      if (position !== null) return module + position[0];
    }
  }
  return null;
}

/** The first line of the innermost cause; null when the failure has none. */
function userException(error: ErrorInfo, module: string): { text: string; message: string } | null {
  const causes = error.stack.split(CAUSE).slice(1);
  const chosen = causes.findLast((cause) => placeInModule(cause, module) !== null) ?? causes.at(-1);
  if (chosen === undefined) return null;
  const text = firstLine(chosen);
  return { text, message: text.replace(/^[\w$]*(?:Error|Exception)?(?: \[\w+\])?: /, "") };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
