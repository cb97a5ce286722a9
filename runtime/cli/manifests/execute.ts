/**
 * Owns: the table of commands for StreamJobs: which function carries out which.
 * Called by: main.ts.
 */
import type { HomeFolder } from "../home-folder.ts";
import type { ExitCode, Terminal } from "../terminal.ts";
import { applyCommand } from "./apply-command.ts";
import type { CommandContext } from "./command-context.ts";
import { deleteCommand } from "./delete-command.ts";
import { describeCommand } from "./describe-command.ts";
import { diffCommand } from "./diff-command.ts";
import { eventsCommand } from "./events-command.ts";
import { getCommand } from "./get-command.ts";
import { historyCommand } from "./history-command.ts";
import { logsCommand } from "./logs-command.ts";
import type { JobCommand, ManifestCommand } from "./manifest-command.ts";
import { openControlPlane } from "./open-control-plane.ts";
import { rollbackCommand } from "./rollback-command.ts";
import { runManifestsCommand } from "./run-command.ts";
import { approveCommand, pauseCommand, restartCommand, resumeCommand, suspendCommand } from "./steer-jobs.ts";
import { upCommand } from "./up-command.ts";

type Kinds = Exclude<ManifestCommand["kind"], "runManifests" | "up">;

const commands: { readonly [K in Kinds]: (context: CommandContext, command: JobCommand<K>) => Promise<ExitCode> } = {
  apply: applyCommand,
  diff: diffCommand,
  get: getCommand,
  describe: describeCommand,
  suspend: suspendCommand,
  resume: resumeCommand,
  restart: restartCommand,
  approve: approveCommand,
  pause: pauseCommand,
  unpause: pauseCommand,
  rollback: rollbackCommand,
  history: historyCommand,
  delete: deleteCommand,
  logs: logsCommand,
  events: eventsCommand,
};

/** Errors: CONTROL_PLANE_UNAVAILABLE, and those of the command. */
export async function executeManifestCommand(
  home: HomeFolder,
  terminal: Terminal,
  command: ManifestCommand,
): Promise<ExitCode> {
  if (command.kind === "runManifests") return runManifestsCommand(home, terminal, command);
  if (command.kind === "up") return upCommand(home, terminal);
  const { api, jobManagers, isAlive, close } = openControlPlane(home, terminal);
  try {
    // The table pairs each kind with its own function; the compiler cannot follow that through a union.
    const carryOut = commands[command.kind] as (context: CommandContext, command: ManifestCommand) => Promise<ExitCode>;
    return await carryOut({ api, jobManagers, terminal, isAlive }, command);
  } finally {
    close();
  }
}
