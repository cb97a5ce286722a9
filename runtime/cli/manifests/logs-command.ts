/**
 * Owns: `streamjob logs`: what a pod of a StreamJob wrote; with --follow what it goes on writing.
 *
 * LG1 The API gives a log as a whole: a follower asks again and shows what stands behind the last lines that it showed. When those are
 *     gone (the container was started anew, or the log has rolled on), it shows all that there is.
 * LG2 A follower goes with the job: when another incarnation is the active one, it shows the same component of that.
 */
import { type KubernetesApi, isApiError, type Pod } from "../../../operator/kubernetes/index.ts";
import { sleep, StreamError } from "../../base/index.ts";
import type { ExitCode } from "../terminal.ts";
import type { CommandContext } from "./command-context.ts";
import { untilInterrupted } from "./interruption.ts";
import { podNamed, podsOf, shortName } from "./job-pods.ts";
import type { JobCommand } from "./manifest-command.ts";
import { getNamed } from "./named-objects.ts";

const POLL_MS = 500;
/** Enough to find the place again, and to be there only once. */
const MARK_LINES = 5;

/** Errors: OBJECT_NOT_FOUND. */
export async function logsCommand(context: CommandContext, command: JobCommand<"logs">): Promise<ExitCode> {
  const { api, terminal } = context;
  const pod = await findPod(api, command);
  const text = await readLog(api, pod, command);
  const lines = linesOf(text);
  for (const line of lines) terminal.out(line);
  if (command.follow) await follow(context, command, pod, lines);
  else if (text !== "" && !text.endsWith("\n")) terminal.out(text.slice(text.lastIndexOf("\n") + 1));
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

async function follow(
  context: CommandContext,
  command: JobCommand<"logs">,
  first: Pod,
  shown: readonly string[],
): Promise<void> {
  const { api, terminal } = context;
  const { clock, out, say, colors } = terminal;
  let isOver = false;
  const interrupted = untilInterrupted(context).then(() => (isOver = true));
  let pod = first;
  let mark = shown.slice(-MARK_LINES);
  const everything = { ...command, tailLines: null, previous: false };
  while (!isOver) {
    await Promise.race([interrupted, sleep(clock, POLL_MS)]);
    if (isOver) return;
    try {
      const now = await findPod(api, command);
      if (now.metadata.uid !== pod.metadata.uid) {
        say(colors.dim(`-- ${now.metadata.name}`));
        pod = now;
        mark = [];
      }
      const lines = linesOf(await readLog(api, pod, everything));
      const fresh = lines.slice(placeAfter(lines, mark));
      for (const line of fresh) out(line);
      mark = [...mark, ...fresh].slice(-MARK_LINES);
    } catch (error) {
      // Between two incarnations, or two of a container's lives, there is nothing to show.
      if (error instanceof StreamError && error.code === "OBJECT_NOT_FOUND") continue;
      if (!isApiError(error, "NotFound", "BadRequest")) throw error;
    }
  }
}

/** Index behind the last place where `mark` stands; 0 when it is not there (LG1). */
export function placeAfter(lines: readonly string[], mark: readonly string[]): number {
  if (mark.length === 0) return 0;
  for (let end = lines.length; end >= mark.length; end--) {
    if (mark.every((line, index) => lines[end - mark.length + index] === line)) return end;
  }
  return 0;
}

/** A last line without its end is not whole yet, and comes with the next look. */
function linesOf(text: string): string[] {
  const lines = text.split("\n");
  lines.pop();
  return lines;
}
