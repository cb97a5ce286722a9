/**
 * Owns: how the stores of a StreamJob are looked at, and rid of what nothing can need: by a pod with the job's credentials, which this machine has not.
 * Not here: what is shown (jobs/storage-report.ts), making the pod (the operator, SRQ1).
 *
 * SOJ1 The request is an annotation, taken away again when the answer is read or the command fails: whoever may change the StreamJob may ask.
 * SOJ2 The answer is the pod's log up to its last line; half an answer is none.
 */
import { sleep, StreamError } from "../../base/index.ts";
import type { StorageReportMessage } from "../../contract/index.ts";
import { STORAGE_ANNOTATION, type StreamJob } from "../../crds/index.ts";
import { reportIn } from "../../main/index.ts";
import { STORAGE_COMPONENT } from "../../operator/engine/index.ts";
import { isApiError, type ObjectKey } from "../../operator/kubernetes/api/index.ts";
import { statusOf } from "../../operator/reconcile/index.ts";
import type { Removed, StoredPlace } from "../../runtime/checkpoint/index.ts";
import type { StorageAccess } from "../jobs/storage-report.ts";
import type { CommandContext } from "./command-context.ts";
import { delayOf } from "./in-the-way.ts";
import { getNamed } from "./named-objects.ts";

const POLL_MS = 300;
/** Until an operator that runs has seen it, however busy it is. */
const TAKEN_UP_MS = 2 * 60_000;
/** SRQ1 has it ended before. */
const TIME_MAX_MS = 25 * 60_000;
/** A log may be a moment behind the pod's end. */
const LOG_MS = 15_000;

type Context = Pick<CommandContext, "api" | "terminal" | "isAlive">;

/** Errors: OBJECT_NOT_FOUND; later STORAGE_POD_FAILED, CONTROL_PLANE_UNAVAILABLE, FORMAT_TOO_NEW. */
export async function accessOfJob(context: Context, name: string, namespace: string): Promise<StorageAccess> {
  const job = await getNamed(context.api, "StreamJob", name, namespace);
  const delay = delayOf(job);
  if (delay !== null) throw failed(delay);
  const key = { namespace, name };
  return {
    what: `of StreamJob ${name}`,
    areNamesKnown: true,
    look: async () => {
      const told = await ask(context, key, null);
      return told.flatMap((message): readonly StoredPlace[] => (message.kind === "place" ? [asPlace(message)] : []));
    },
    remove: async (going) => {
      const ids = going.map(({ uri }) => uri.slice(uri.lastIndexOf("/") + 1));
      const told = await ask(context, key, ids);
      return told.flatMap((message): readonly Removed[] => (message.kind === "removed" ? [message.removed] : []));
    },
    notes: [],
  };
}

/** The report is what the runtime has found, word for word. */
const asPlace = ({ place }: Extract<StorageReportMessage, { kind: "place" }>): StoredPlace => place as StoredPlace;

/** SOJ1 */
async function ask(
  context: Context,
  key: ObjectKey,
  collect: readonly string[] | null,
): Promise<readonly StorageReportMessage[]> {
  const id = context.terminal.random.hex(8);
  await annotate(context, key, JSON.stringify({ id, collect }));
  try {
    const pod = await ended(context, key, id);
    return await answerIn(context, { namespace: key.namespace, name: pod });
  } finally {
    const job = await context.api.get("StreamJob", key);
    if (job !== null && requestIn(job)?.includes(id) === true) await annotate(context, key, null);
  }
}

const requestIn = ({ metadata }: StreamJob): string | undefined => metadata.annotations?.[STORAGE_ANNOTATION];

const annotate = ({ api }: Context, key: ObjectKey, text: string | null): Promise<StreamJob> =>
  api.patch("StreamJob", key, { metadata: { annotations: { [STORAGE_ANNOTATION]: text } } });

/** The pod that has carried it out. */
async function ended({ api, terminal, isAlive }: Context, key: ObjectKey, id: string): Promise<string> {
  const { clock } = terminal;
  const startedMs = clock.monotonicMs();
  let said = "";
  for (;;) {
    const job = await api.get("StreamJob", key);
    if (job === null) throw failed(`StreamJob ${key.name} is gone`);
    if (requestIn(job)?.includes(id) !== true)
      throw failed("somebody else has asked for the same meanwhile; repeat it");
    const { storageRequest } = statusOf(job);
    const isTakenUp = storageRequest?.id === id;
    if (isTakenUp && storageRequest.phase === "Done") return storageRequest.pod;
    if (isTakenUp && storageRequest.phase === "Failed") throw failed(storageRequest.message);
    const message = isTakenUp ? storageRequest.message : "";
    if (message !== "" && message !== said) terminal.say(message);
    said = message;
    const waitedMs = clock.monotonicMs() - startedMs;
    if (!isTakenUp && waitedMs > TAKEN_UP_MS)
      throw failed(
        `no operator has taken it up: none runs, it does not manage namespace ${key.namespace}, or is older`,
      );
    if (waitedMs > TIME_MAX_MS) throw failed(`it has not ended: ${said}`);
    if (!isAlive())
      throw new StreamError("CONTROL_PLANE_UNAVAILABLE", "the control plane has stopped", { destiny: "retry" });
    await sleep(clock, POLL_MS);
  }
}

/** SOJ2 */
async function answerIn({ api, terminal }: Context, pod: ObjectKey): Promise<readonly StorageReportMessage[]> {
  const { clock } = terminal;
  const endMs = clock.monotonicMs() + LOG_MS;
  for (;;) {
    const text = await api.logs(pod, { container: STORAGE_COMPONENT }).catch((error: unknown) => {
      if (isApiError(error, "Forbidden")) throw error;
      return "";
    });
    const told = text.split("\n").flatMap((line) => reportIn(line) ?? []);
    if (told.at(-1)?.kind === "end") return told;
    if (clock.monotonicMs() > endMs)
      throw failed(`the log of pod ${pod.name} does not end with its report; look at it with kubectl logs`);
    await sleep(clock, POLL_MS);
  }
}

const failed = (why: string): StreamError =>
  new StreamError("STORAGE_POD_FAILED", `the stores could not be looked at: ${why}`, { destiny: "retry" });
