/**
 * Owns: `streamjob logs`: what a pod of a StreamJob wrote; with --follow what it goes on writing.
 *
 * LG1 The API gives a log as a whole: a follower asks again and shows what stands behind its place in it (log-place.ts). A container that
 *     was started anew has a new log, which is shown from its beginning.
 * LG2 A follower goes with the job: when another incarnation is the active one, it shows the same component of that.
 * LG3 A follower ends when nobody reads what it shows (`| head -1`), without a word.
 */
import { type KubernetesApi, isApiError, type Pod } from "../../operator/kubernetes/api/index.ts";
import { sleep, StreamError } from "../../base/index.ts";
import type { ExitCode } from "../terminal/terminal.ts";
import type { CommandContext } from "./command-context.ts";
import { untilInterrupted } from "./interruption.ts";
import { podNamed, podRestarts, podsOf, shortName } from "./job-pods.ts";
import { LogPlace } from "./log-place.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";

const POLL_MS = 500;

/** Errors: OBJECT_NOT_FOUND. */
export async function logsCommand(context: CommandContext, command: JobCommand<"logs">): Promise<ExitCode> {
  const { api, terminal } = context;
  const pod = await findPod(api, command);
  // A container that has ended writes nothing more.
  if (command.follow && !command.previous) {
    await follow(context, command, pod);
    return 0;
  }
  const text = await readLog(api, pod, command);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) terminal.out(line);
  return 0;
}

async function findPod(api: KubernetesApi, { job: name, namespace, component }: JobCommand<"logs">): Promise<Pod> {
  const job = await getNamed(api, "StreamJob", name, namespace);
  const pods = await podsOf(api, job);
  const pod = podNamed(job, pods, component);
  if (pod !== null) return pod;
  const there = pods.length === 0 ? "it has no pods now" : `there are ${[...new Set(pods.map(shortName))].join(", ")}`;
  throw new StreamError("OBJECT_NOT_FOUND", `${name} has no pod ${component}; ${there}`, { destiny: "terminal" });
}

function readLog(api: KubernetesApi, { metadata }: Pod, { tailLines, previous }: JobCommand<"logs">): Promise<string> {
  const { namespace, name } = metadata;
  return api.logs({ namespace, name }, { previous, ...(tailLines === null ? {} : { tailLines }) });
}

async function follow(context: CommandContext, command: JobCommand<"logs">, first: Pod): Promise<void> {
  const { api, terminal } = context;
  const { clock, out, say, colors } = terminal;
  let isOver = false;
  const interrupted = untilInterrupted(context).then(() => (isOver = true));
  const everything = { ...command, tailLines: null };
  const place = new LogPlace();
  let pod = first;
  const show = (lines: readonly string[]): void => {
    for (const line of lines) out(line);
  };
  const whole = place.next(await readLog(api, pod, everything)).lines;
  const { tailLines } = command;
  show(tailLines === null ? whole : whole.slice(Math.max(0, whole.length - tailLines)));
  while (!isOver) {
    await Promise.race([interrupted, sleep(clock, POLL_MS)]);
    if (isOver) return;
    try {
      const now = await findPod(api, command);
      const isAnother = now.metadata.uid !== pod.metadata.uid;
      if (isAnother || podRestarts(now) !== podRestarts(pod)) {
        show(place.restart());
        say(colors.dim(isAnother ? `-- ${now.metadata.name}` : `-- ${now.metadata.name} was restarted`));
      }
      pod = now;
      const { lines, isGap } = place.next(await readLog(api, pod, everything));
      if (isGap) say(colors.dim("-- the log was rotated: lines may be missing here"));
      show(lines);
    } catch (error) {
      // Between two incarnations, or two of a container's lives, there is nothing to show.
      if (error instanceof StreamError && error.code === "OBJECT_NOT_FOUND") continue;
      if (!isApiError(error, "NotFound", "BadRequest")) throw error;
    }
  }
}
