/**
 * Owns: the check of log calls: what is said is a phrase that can be searched for, and what it is about are fields.
 * Does not own: which levels and fields a line has (base/log.ts, where the names of fields are listed).
 *
 * LGM1  The message of a log call is a string literal, or literals joined by `+`: no template with a value in it, and no variable.
 * LGM2  A field that has a name in the list of base/log.ts has no other.
 */
import { type Room } from "./rooms.ts";
import type { SourceFile } from "./rules.ts";
import { splitSource } from "./source-text.ts";

/** A call of a method of `log`, `logger`, `#log`, `childLog`, …, up to its bracket. */
const CALL = /(?<![\w$])(?:log|logger|\w*(?:Log|Logger))\s*\??\.\s*(?:debug|info|warn|error)\s*\(/g;
/** In split source a template with a value in it is two strings with code between them. */
const PHRASE = /^\s*"\d+"(?:\s*\+\s*"\d+")*\s*$/;

/** Names of fields that have been used for what has another name. */
const otherNames: Readonly<Record<string, string>> = {
  error: "err",
  e: "err",
  why: "reason",
  message: "reason",
  ms: "durationMs",
  waitMs: "delayMs",
  retryMs: "delayMs",
  file: "path",
  filename: "path",
  store: "storeUri",
  uri: "storeUri",
  checkpoint: "checkpointId",
  taskManager: "taskManagerId",
  tm: "taskManagerId",
};

/** LGM1 and LGM2 in the code that ships. */
export function checkLogMessages(files: readonly SourceFile[], rooms: readonly Room[]): string[] {
  return files
    .filter(({ path }) => rooms.some(({ folder }) => path.startsWith(`${folder}/`)))
    .filter(({ path }) => !/\.test(?:-support)?\.ts$/.test(path))
    .flatMap(({ path, text }) => {
      const { code } = splitSource(text);
      return [...code.matchAll(CALL)].flatMap(({ 0: call, index }) => {
        const at = `${path}:${code.slice(0, index).split("\n").length}`;
        const [facts = "", message = "", ...more] = argumentsFrom(code, index + call.length);
        return [...phraseFaults(at, message, more), ...fieldFaults(at, facts)];
      });
    });
}

function phraseFaults(at: string, message: string, more: readonly string[]): readonly string[] {
  if (PHRASE.test(message) && more.length === 0) return [];
  return [`${at}: a log message is a constant phrase; put what it is about into fields (LGM1)`];
}

/** `facts`: the first argument; its own names, not those of objects in it. */
function fieldFaults(at: string, facts: string): readonly string[] {
  const object = facts.trim();
  if (!object.startsWith("{")) return [];
  return argumentsFrom(object, 1).flatMap((member) => {
    const name = /^\s*(\w+)\s*(?::|$)/.exec(member)?.[1] ?? "";
    const wanted = Object.hasOwn(otherNames, name) ? otherNames[name] : undefined;
    return wanted === undefined ? [] : [`${at}: the field "${name}" is called "${wanted}" (LGM2)`];
  });
}

/** What stands between commas, from behind an opening bracket to the one that closes it; without a last empty part. */
function argumentsFrom(code: string, start: number): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = start;
  let at = start;
  for (; at < code.length && depth >= 0; at++) {
    const char = code[at] ?? "";
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
    else if (char === "," && depth === 0) {
      parts.push(code.slice(from, at));
      from = at + 1;
    }
  }
  const last = code.slice(from, at - 1);
  return last.trim() === "" ? parts : [...parts, last];
}
