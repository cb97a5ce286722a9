/**
 * Owns: carrying out a command that was understood, and saying what went wrong with it. Loads what that command needs, and no more.
 * Does not own: the command line (command-line.ts), the process around it (main.ts).
 */
import { resolve } from "node:path";
import pc from "picocolors";
import { StreamError, systemClock, systemRandom, toErrorInfo, unreachable } from "../base/index.ts";
import type { ParsedCommand } from "./command-line.ts";
import { failureReason } from "./terminal/failure-text.ts";
import { homeFolder } from "./jobs/home-folder.ts";
import { askPerson } from "./terminal/question.ts";
import { type ExitCode, exitCodeOf, type Terminal } from "./terminal/terminal.ts";

type RealCommand = Exclude<ParsedCommand, { readonly kind: "exit" }>;

/** `whenUnread`: as in Terminal. Never rejects: what went wrong is said. */
export async function perform(command: RealCommand, whenUnread: Promise<void>): Promise<ExitCode> {
  const terminal: Terminal = {
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    whenUnread,
    columns: process.stdout.isTTY === true ? process.stdout.columns : null,
    colors: pc.createColors(process.stderr.isTTY === true && pc.isColorSupported),
    clock: systemClock,
    random: systemRandom,
    ...(process.stdin.isTTY === true && process.stderr.isTTY === true ? { ask: askPerson } : {}),
  };
  try {
    return await execute(command, terminal);
  } catch (error) {
    terminal.say(terminal.colors.red(describe(error, command)));
    // 1 says that there is a change (DIC1 of diff-command.ts).
    if (command.kind === "manifests" && command.command.kind === "diff") return 2;
    return exitCodeOf(error instanceof StreamError ? error.code : undefined);
  }
}

async function execute(command: RealCommand, terminal: Terminal): Promise<ExitCode> {
  const home = homeFolder();
  switch (command.kind) {
    case "run":
      return (await import("./jobs/run-command.ts")).runCommand(terminal, command.options);
    case "explain":
      return (await import("./jobs/run-command.ts")).explainCommand(terminal, command.request, command.output);
    case "list":
      return (await import("./jobs/list-command.ts")).listCommand(home, terminal, command.output);
    case "savepoint":
      return (await import("./manifests/savepoint-command.ts")).savepointOfAny(home, terminal, command);
    case "stop":
      return (await import("./jobs/steer-commands.ts")).stopCommand(home, terminal, command.job, command);
    case "cancel":
      return (await import("./jobs/steer-commands.ts")).cancelCommand(home, terminal, command.job);
    case "checkpoint":
      return (await import("./jobs/steer-commands.ts")).checkpointCommand(home, terminal, command.job);
    case "storage":
      return (await import("./jobs/storage-command.ts")).storageCommand(home, terminal, command);
    case "txns":
      return (await import("./jobs/txns-command.ts")).txnsCommand(terminal, command);
    case "manifests":
      return (await import("./manifests/execute.ts")).executeManifestCommand(
        home,
        terminal,
        command.command,
        command.cluster ?? null,
      );
    default:
      return unreachable(command);
  }
}

/** A StreamError is written for the person; anything else is our mistake and shows its stack. */
function describe(error: unknown, command: RealCommand): string {
  if (error instanceof StreamError) {
    const module =
      command.kind === "run" ? command.options.module : command.kind === "explain" ? command.request.module : null;
    const text = module === null ? error.message : failureReason(toErrorInfo(error), resolve(module));
    return `streamjob: ${text}\n(${error.code})`;
  }
  return `streamjob: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
