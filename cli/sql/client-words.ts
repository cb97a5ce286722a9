/**
 * Owns: statements that are the shell's own and not SQL's: HELP, QUIT, CLEAR, and SET of what it alone knows. Pure.
 */
export type ClientWord =
  | { readonly kind: "help" | "quit" | "clear" }
  /** `value` null: as it is without being set. */
  | { readonly kind: "setting"; readonly key: string; readonly value: string | null };

export const resultModes = ["table", "changelog"] as const;
export type ResultMode = (typeof resultModes)[number];

export const RESULT_MODE_KEY = "sql-client.execution.result-mode";

const WORDS: Readonly<Record<string, ClientWord["kind"] & ("help" | "quit" | "clear")>> = {
  HELP: "help",
  QUIT: "quit",
  EXIT: "quit",
  CLEAR: "clear",
};
const SETTING =
  /^(?:SET\s+'(?<set>sql-client\.[^']*)'\s*=\s*'(?<value>[^']*)'|RESET\s+'(?<reset>sql-client\.[^']*)')$/i;

/** `statement`: without its semicolon. Null: it is SQL. */
export function clientWordOf(statement: string): ClientWord | null {
  const word = WORDS[statement.trim().toUpperCase()];
  if (word !== undefined) return { kind: word };
  const { set, value, reset } = SETTING.exec(statement.trim())?.groups ?? {};
  if (set !== undefined) return { kind: "setting", key: set, value: value ?? "" };
  return reset === undefined ? null : { kind: "setting", key: reset, value: null };
}

export const HELP = `Statements end with a semicolon, and may have several lines.
  SELECT …, WITH …, VALUES …         the result: a table in batch mode, in streaming mode as it changes (q ends it)
  INSERT INTO … SELECT …             a job, until it ends (Ctrl-C cancels it)
  CREATE, ALTER, DROP                TABLE, VIEW, FUNCTION; they last as long as the session
  SHOW TABLES, VIEWS, FUNCTIONS, COLUMNS FROM t, CREATE TABLE t
  DESCRIBE t, EXPLAIN SELECT …
  SET 'key' = 'value', RESET 'key'   SET alone shows what is set
      'execution.runtime-mode'            'streaming' or 'batch'
      '${RESULT_MODE_KEY}'  'table', which refreshes in place, or 'changelog'
  HELP, CLEAR, QUIT                  also without a semicolon
Tab completes key words, tables, columns and functions; the arrows go through what was typed before.
docs/sql.md has the rest.`;
