/**
 * Owns: the process of the command `streamjob`.
 * Called by: bin/streamjob.
 */
import { resolve } from "node:path";
import pc from "picocolors";
import { StreamError, systemClock, systemRandom, toErrorInfo, unreachable } from "../base/index.ts";
import { type ParsedCommand, parseCommandLine } from "./command-line.ts";
import { failureReason } from "./failure-text.ts";
import { homeFolder } from "./home-folder.ts";
import { listCommand } from "./list-command.ts";
import { explainCommand, runCommand } from "./run-command.ts";
import { executeManifestCommand } from "./manifests/execute.ts";
import { savepointOfAny } from "./manifests/savepoint-command.ts";
import { cancelCommand, checkpointCommand, stopCommand } from "./steer-commands.ts";
import { type ExitCode, exitCodeOf, type Terminal } from "./terminal.ts";
import { readVersion } from "./version.ts";

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  colors: pc.createColors(process.stderr.isTTY === true && pc.isColorSupported),
  clock: systemClock,
  random: systemRandom,
};

function execute(command: ParsedCommand): Promise<ExitCode> | ExitCode {
  const home = homeFolder();
  switch (command.kind) {
    case "run":
      return runCommand(terminal, command.options);
    case "explain":
      return explainCommand(terminal, command.request);
    case "list":
      return listCommand(home, terminal);
    case "savepoint":
      return savepointOfAny(home, terminal, command);
    case "stop":
      return stopCommand(home, terminal, command.job, command);
    case "cancel":
      return cancelCommand(home, terminal, command.job);
    case "checkpoint":
      return checkpointCommand(home, terminal, command.job);
    case "manifests":
      return executeManifestCommand(home, terminal, command.command);
    case "exit":
      return command.exitCode;
    default:
      return unreachable(command);
  }
}

/** A StreamError is written for the person; anything else is our mistake and shows its stack. */
function describe(error: unknown, command: ParsedCommand | null): string {
  if (error instanceof StreamError) {
    const module =
      command?.kind === "run" ? command.options.module : command?.kind === "explain" ? command.request.module : null;
    const text = module === null ? error.message : failureReason(toErrorInfo(error), resolve(module));
    return `streamjob: ${text}\n(${error.code})`;
  }
  return `streamjob: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** Resolves when what was written before has reached the other side: an exit cuts off what a pipe has not taken yet. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}

// A reader that went away (streamjob list | head) is no failure of the command.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") return; // such as a full disk: what is told there is lost, the jobs of this process are not
  });
}

const text = {
  out: (piece: string) => void process.stdout.write(piece),
  err: (piece: string) => void process.stderr.write(piece),
};
let command: ParsedCommand | null = null;
let exitCode: ExitCode;
try {
  command = parseCommandLine(process.argv.slice(2), readVersion(), text);
  exitCode = await execute(command);
} catch (error) {
  terminal.say(terminal.colors.red(describe(error, command)));
  exitCode = exitCodeOf(error instanceof StreamError ? error.code : undefined);
}
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// A job module that was loaded here may have left timers or sockets behind.
process.exit(exitCode);
