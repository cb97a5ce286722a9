/**
 * Owns: the command `npm run bench -- <question> [options]`: finds the question, frames its answer with the machine's state.
 * Not here: the questions (one file each, beside this one), how to read them (README.md).
 *
 * BRU1 Exit codes: 0 measured (or listed), 1 the measurement failed or is void, 2 bad usage, 130 and 143 ended by a signal.
 * BRU2 A signal ends what was started and removes what was written (scratch.ts).
 */
import { describeMachine, warnOfOthers } from "./measure/machine.ts";
import { endOnSignals } from "./measure/scratch.ts";
import { textTable } from "./measure/text-table.ts";
import { asyncQuestion } from "./async.ts";
import { checkpointQuestion } from "./checkpoint.ts";
import { controllerQuestion } from "./controller.ts";
import { exchangeQuestion } from "./exchange.ts";
import { kafkaQuestion } from "./kafka.ts";
import { mysqlQuestion } from "./mysql.ts";
import { nexmarkQuestion } from "./nexmark.ts";
import { nexmarkSqlQuestion } from "./nexmark-sql.ts";
import { BadUsage, type Question } from "./question.ts";
import { stateQuestion } from "./state.ts";
import { tablesQuestion } from "./tables.ts";
import { upgradeQuestion } from "./upgrade.ts";
import { wordCountQuestion } from "./wordcount.ts";

const questions: Readonly<Record<string, Question>> = {
  wordcount: wordCountQuestion,
  checkpoint: checkpointQuestion,
  exchange: exchangeQuestion,
  kafka: kafkaQuestion,
  async: asyncQuestion,
  mysql: mysqlQuestion,
  nexmark: nexmarkQuestion,
  "nexmark-sql": nexmarkSqlQuestion,
  state: stateQuestion,
  tables: tablesQuestion,
  upgrade: upgradeQuestion,
  controller: controllerQuestion,
};

const USAGE = "usage: npm run bench -- <question> [options]        (<question> --help shows its options)";

async function main(args: readonly string[]): Promise<number> {
  const [name, ...options] = args;
  if (name === undefined || name === "--help" || name === "-h") {
    process.stdout.write(`${USAGE}\n\n${list()}\nbench/README.md says what each measures and what it does not.\n`);
    return 0;
  }
  const question = Object.hasOwn(questions, name) ? questions[name] : undefined;
  if (question === undefined) {
    process.stderr.write(`There is no question "${name}".\n${USAGE}\n\n${list()}`);
    return 2;
  }
  if (options.includes("--help") || options.includes("-h")) {
    process.stdout.write(`${name}: ${question.summary}\n\n${question.options.map((line) => `  ${line}\n`).join("")}`);
    return 0;
  }
  return ask(name, question, options);
}

async function ask(name: string, question: Question, options: readonly string[]): Promise<number> {
  endOnSignals();
  process.stdout.write(`${name}: ${question.summary}\n${describeMachine()}\n`);
  warnOfOthers();
  process.stdout.write("\n");
  try {
    const exitCode = await question.run(options);
    process.stdout.write(`\nafter: ${describeMachine()}\n`);
    return exitCode;
  } catch (error) {
    if (error instanceof BadUsage) {
      process.stderr.write(
        `${error.message}\nThe options of ${name}:\n${question.options.map((line) => `  ${line}\n`).join("")}`,
      );
      return 2;
    }
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

function list(): string {
  return textTable(
    Object.entries(questions).map(([name, { summary }]) => [name, summary]),
    ["left", "left"],
  );
}

// Not only the exit code: a thread or socket that a failed measurement left behind must not keep the process.
process.exit(await main(process.argv.slice(2)));
