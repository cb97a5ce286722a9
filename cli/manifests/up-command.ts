/**
 * Owns: `streamjob up`: the control plane of the home folder alone, until a person ends it; the story of all jobs in it.
 *
 * UP1 It brings no job and ends none: those that are in the folder go on when it starts, and stay as they are when it ends.
 * UP2 The first SIGINT, SIGTERM or SIGHUP ends the processes in order; the second ends them at once.
 */
import { StreamError } from "../../base/index.ts";
import type { HomeFolder } from "../jobs/home-folder.ts";
import { Signals } from "../terminal/signals.ts";
import type { ExitCode, Terminal } from "../terminal/terminal.ts";
import { JobFollower, sayLine } from "./job-follower.ts";
import { type JoinedPlane, joinControlPlane, killPlane, lostHomeText } from "./joined-plane.ts";
import { needsControlPlane } from "./run-verdict.ts";

const PLANE_LOOK_MS = 1000;

/** Errors: CONTROL_PLANE_RUNNING; those of `startControlPlane`. */
export async function upCommand(home: HomeFolder, terminal: Terminal): Promise<ExitCode> {
  const signalled = new Signals(terminal.clock);
  try {
    const plane = await joinControlPlane(home, terminal);
    if (plane.isOwn) return await stay(home, terminal, plane, signalled);
    await plane.stop();
    throw new StreamError(
      "CONTROL_PLANE_RUNNING",
      `process ${plane.pid} is the control plane of ${home.root}: send it manifests with \`streamjob apply\`, stop it, or set STREAMJOB_HOME to another folder`,
    );
  } finally {
    signalled.stop();
  }
}

async function stay(home: HomeFolder, terminal: Terminal, plane: JoinedPlane, signalled: Signals): Promise<ExitCode> {
  const follower = new JobFollower({ api: plane.api, terminal, namespace: null, isFollowed: () => true });
  signalled.onSignal = (count) => (count === 1 ? follower.nudge() : void killPlane(terminal, plane, signalled));
  sayLine(
    terminal,
    `The control plane of ${home.root} runs, pid ${process.pid}: \`streamjob apply\` sends it manifests. Ctrl-C stops it; the jobs stay as they are.`,
  );
  let look = terminal.clock.after(PLANE_LOOK_MS, lookAgain);
  function lookAgain(): void {
    follower.nudge();
    look = terminal.clock.after(PLANE_LOOK_MS, lookAgain);
  }
  try {
    await follower.start();
    const waited = await follower.until(() => endingOf(plane, signalled), null);
    if (waited.kind === "came" && waited.value.kind === "lost") {
      sayLine(terminal, lostHomeText(home.root), "bad");
      await follower.stop();
      return 1;
    }
    const running = follower.list().filter(needsControlPlane);
    const whose = running.length === 0 ? "" : ` of ${running.map(({ metadata }) => metadata.name).join(", ")}`;
    sayLine(
      terminal,
      `${signalled.received}: stopping the pods' processes${whose} in order; the jobs stay as they are. A second signal stops them immediately.`,
    );
    await follower.stop();
    await plane.stop();
    sayLine(terminal, "Stopped. `streamjob up` continues the jobs.");
    return 0;
  } finally {
    look.cancel();
  }
}

/** null: it goes on. */
function endingOf(plane: JoinedPlane, { received }: Signals): { readonly kind: "signal" | "lost" } | null {
  if (received !== null) return { kind: "signal" };
  return plane.isAlive() ? null : { kind: "lost" };
}
