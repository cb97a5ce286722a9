/**
 * Owns: `streamjob run` and `streamjob explain`: a job in the foreground, until it ends or the person has had enough.
 *
 * RU1 The first SIGINT, SIGTERM or SIGHUP cancels the job and waits for it; the second kills its processes.
 */
import { constants } from "node:os";
import { explain } from "../../runtime/graph/index.ts";
import type { LocalClusterOptions } from "./cluster-options.ts";
import { graphReport } from "./graph-report.ts";
import { homeFolder } from "./home-folder.ts";
import { createLocalCluster, type LocalCluster } from "./local-cluster.ts";
import { type JobRequest, loadJob } from "./job-request.ts";
import { Signals } from "../terminal/signals.ts";
import type { ReportFormat } from "../manifests/manifest-command.ts";
import { showAsValue } from "../terminal/report.ts";
import { resolveRestorePath } from "./stored-state.ts";
import { type ExitCode, exitCodeOf, type Terminal } from "../terminal/terminal.ts";

/** Errors: those of createLocalCluster, and of the JobManager's start. */
export async function runCommand(terminal: Terminal, options: LocalClusterOptions): Promise<ExitCode> {
  const cluster = await createLocalCluster({
    ...(await withRestorePath(terminal, options)),
    say: terminal.say,
    colors: terminal.colors,
  });
  const signalled = followSignals(cluster, terminal);
  try {
    await cluster.whenListening;
    const { status, failure } = await cluster.waitTerminal();
    if (status === "KILLED") return signalled.exitCode();
    if (status === "FINISHED" || status === "CANCELED") return 0;
    // A savepoint that is not there is found out by the JobManager, and is bad usage all the same.
    return failure?.code === "SAVEPOINT_NOT_FOUND" ? exitCodeOf(failure.code) : 1;
  } finally {
    signalled.stop();
  }
}

/** A job that `-s` names becomes the path of its newest state. */
async function withRestorePath(terminal: Terminal, options: LocalClusterOptions): Promise<LocalClusterOptions> {
  const { restore } = options;
  if (restore === undefined) return options;
  const path = await resolveRestorePath(homeFolder(options.home), restore.path);
  if (path !== restore.path) terminal.say(`The newest state of ${restore.path} is ${path}.`);
  return { ...options, restore: { ...restore, path } };
}

export async function explainCommand(terminal: Terminal, request: JobRequest, output: ReportFormat): Promise<ExitCode> {
  const { graph } = await loadJob(request);
  if (!(await showAsValue(terminal, output, () => graphReport(graph)))) terminal.out(explain(graph));
  return 0;
}

function followSignals(cluster: LocalCluster, terminal: Terminal): { stop(): void; exitCode(): ExitCode } {
  const signalled = new Signals(terminal.clock);
  let exitCode: ExitCode = 1;
  signalled.onSignal = (count, signal) => {
    if (count === 1) {
      terminal.say(`${signal}: cancelling the job; a second signal kills its processes.`);
      void cluster.stop();
      return;
    }
    exitCode = 128 + constants.signals[signal];
    void cluster.kill();
  };
  return { stop: () => signalled.stop(), exitCode: () => exitCode };
}
