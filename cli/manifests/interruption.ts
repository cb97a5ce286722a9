/** Owns: waiting for the end of a command that has none of its own. */
import { StreamError } from "../../base/index.ts";
import type { CommandContext } from "./command-context.ts";

const PLANE_LOOK_MS = 1000;

/** Resolves at the first SIGINT or SIGTERM, and when nobody reads what is shown. Errors: CONTROL_PLANE_UNAVAILABLE when the control plane is gone. */
export function untilInterrupted({ terminal, isAlive }: CommandContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      timer.cancel();
      settle();
    };
    const onSignal = (): void => finish(resolve);
    const look = (): void => {
      if (!isAlive()) finish(() => reject(ended()));
      else timer = terminal.clock.after(PLANE_LOOK_MS, look);
    };
    let timer = terminal.clock.after(PLANE_LOOK_MS, look);
    void terminal.whenUnread.then(onSignal);
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}

function ended(): StreamError {
  const message =
    "the control plane has stopped, so there is nothing more to follow: start one with `streamjob run <manifest>`";
  return new StreamError("CONTROL_PLANE_UNAVAILABLE", message, { destiny: "retry" });
}
