/**
 * Owns: carrying out a command for StreamJobs: the control plane it is for, and which function does it. Loads that function alone.
 * Called by: perform.ts.
 */
import type { HomeFolder } from "../jobs/home-folder.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import type { CommandContext } from "./command-context.ts";
import type { ClusterChoice, JobCommand, ManifestCommand } from "./manifest-command.ts";
import { openCluster, openControlPlane } from "./open-control-plane.ts";

type Kinds = Exclude<ManifestCommand["kind"], "runManifests" | "up">;
type CarryOut<C> = (context: CommandContext, command: C) => Promise<ExitCode>;

const steering = () => import("./steer-jobs.ts");

const commands: { readonly [K in Kinds]: () => Promise<CarryOut<JobCommand<K>>> } = {
  apply: async () => (await import("./apply-command.ts")).applyCommand,
  diff: async () => (await import("./diff-command.ts")).diffCommand,
  get: async () => (await import("./get-command.ts")).getCommand,
  describe: async () => (await import("./describe-command.ts")).describeCommand,
  suspend: async () => (await steering()).suspendCommand,
  resume: async () => (await steering()).resumeCommand,
  restart: async () => (await steering()).restartCommand,
  approve: async () => (await steering()).approveCommand,
  pause: async () => (await steering()).pauseCommand,
  unpause: async () => (await steering()).pauseCommand,
  rollback: async () => (await import("./rollback-command.ts")).rollbackCommand,
  history: async () => (await import("./history-command.ts")).historyCommand,
  delete: async () => (await import("./delete-command.ts")).deleteCommand,
  portForward: async () => (await import("./port-forward-command.ts")).portForwardCommand,
  logs: async () => (await import("./logs-command.ts")).logsCommand,
  events: async () => (await import("./events-command.ts")).eventsCommand,
};

/** `cluster` null: the control plane of the home folder. Errors: CONTROL_PLANE_UNAVAILABLE, those of openCluster and of the command. */
export async function executeManifestCommand(
  home: HomeFolder,
  terminal: Terminal,
  command: ManifestCommand,
  cluster: ClusterChoice | null,
): Promise<ExitCode> {
  if (command.kind === "runManifests" && cluster === null) {
    return (await import("./run-command.ts")).runManifestsCommand(home, terminal, command);
  }
  if (command.kind === "up") return (await import("./up-command.ts")).upCommand(home, terminal);
  const opened = cluster === null ? openControlPlane(home, terminal) : await openCluster(cluster, terminal);
  if (command.kind === "runManifests") {
    try {
      const placed = cluster?.isNamespaceGiven === false ? { ...command, namespace: opened.namespace } : command;
      return await (await import("./run-command.ts")).runInCluster(opened, terminal, placed);
    } finally {
      opened.close();
    }
  }
  const { api, jobManagers, connect, isLocal, isAlive, close } = opened;
  const placed = cluster?.isNamespaceGiven === false ? inNamespace(command, opened.namespace) : command;
  try {
    // The table pairs each kind with its own function; the compiler cannot follow that through a union.
    const carryOut = (await commands[command.kind]()) as CarryOut<ManifestCommand>;
    return await carryOut({ api, jobManagers, connect, terminal, isLocal, isAlive }, placed);
  } finally {
    close();
  }
}

/** Of a command that names no namespace; one for all namespaces stays so. */
function inNamespace(command: ManifestCommand, namespace: string): ManifestCommand {
  return "namespace" in command && command.namespace !== null ? { ...command, namespace } : command;
}
