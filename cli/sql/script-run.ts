/**
 * Owns: statements from a file or a pipe, one after the other, until there are no more or one fails.
 *
 * SCRR1 Results are all that stdout gets; mistakes, failures and stories of jobs go to stderr. The first failure ends it: what follows may build on it. So does
 *     a reader of stdout that has gone (`| head`), and that is no failure.
 */
import { constants } from "node:os";
import { StreamError } from "../../base/index.ts";
import type { ScriptSession } from "../../runtime/table/engine.ts";
import { Signals } from "../terminal/signals.ts";
import { type ExitCode, exitCodeOf } from "../terminal/terminal.ts";
import { clientWordOf, HELP } from "./client-words.ts";
import type { QueryRun } from "./query-run.ts";
import { StatementReader } from "./statement-reader.ts";
import { runStatement, type StatementPlace } from "./statement-run.ts";

/** `name`: of the script, for messages. */
export async function runScript(
  text: string,
  session: ScriptSession,
  { name, ...place }: Omit<StatementPlace, "onRun"> & { readonly name: string },
): Promise<ExitCode> {
  const { terminal } = place;
  const signals = new Signals(terminal.clock);
  let running: QueryRun | null = null;
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    void running?.stop();
  };
  signals.onSignal = stop;
  void terminal.whenUnread.then(stop);
  const onRun = (run: QueryRun): void => {
    running = run;
    if (isOver) void run.stop();
  };
  let end = 0;
  try {
    for (const statement of statementsOf(text)) {
      const start = text.indexOf(statement, end);
      end = start + statement.length;
      const word = clientWordOf(statement);
      if (word?.kind === "quit") return 0;
      if (word?.kind === "help") terminal.out(HELP);
      if (word !== null) continue;
      const looked = await session.look(statement, { name, text, start });
      if (looked === null) continue;
      session.keep(looked);
      const error = await runStatement(looked, { ...place, onRun });
      if (signals.received !== null) return 128 + constants.signals[signals.received];
      if (isOver) return 0;
      if (error === null) continue;
      terminal.say(terminal.colors.red(`streamjob: ${error.message}`));
      return 1;
    }
    return 0;
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    terminal.say(terminal.colors.red(error.message));
    return exitCodeOf(error.code);
  } finally {
    signals.stop();
  }
}

/** The last one may have no semicolon. */
function statementsOf(text: string): readonly string[] {
  const reader = new StatementReader();
  const statements = reader.push(text);
  const { rest } = reader;
  return rest === null ? statements : [...statements, rest];
}
