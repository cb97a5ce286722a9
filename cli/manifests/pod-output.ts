/**
 * Owns: what the code of followed jobs writes itself (console.log, the print sink, context.log), shown in the terminal of `run`: a person who debugs a job
 * looks there first.
 * Does not own: the logs as a whole (logs-command.ts), the story (job-follower.ts).
 *
 * PO1 Shown are the lines of TaskManagers that the engine does not log about itself; the first line of a pod that differs from the last one
 *     shown says whose it is, when there are several.
 * PO2 What was written before following began is not shown. A log that cannot be read now is looked at again.
 * PO3 Looking costs a share of the time at most: a log that takes long is looked at less often.
 */
import { COMPONENT_LABEL, JOB_LABEL } from "../../crds/index.ts";
import {
  type ApiError,
  type KubernetesApi,
  isApiError,
  type ObjectKey,
  type Pod,
} from "../../operator/kubernetes/api/index.ts";
import type { Timer } from "../../base/index.ts";
import { parseLogLine } from "../jobs/log-line.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { podRestarts } from "./job-pods.ts";
import { LogPlace } from "./log-place.ts";
import { listAll } from "./named-objects.ts";

const LOOK_MS = 500;
/** PO3 */
const SHARE = 10;

type Followed = { readonly place: LogPlace; restarts: number };

export type PodOutputOptions = {
  readonly api: KubernetesApi;
  readonly terminal: Terminal;
  /** null: all. */
  readonly namespace: string | null;
  /** Of jobs. */
  readonly isFollowed: (key: ObjectKey) => boolean;
};

export class PodOutput {
  readonly #options: PodOutputOptions;
  readonly #pods = new Map<string, Followed>();
  readonly #startedMs: number;
  #looking: Promise<void> = Promise.resolve();
  #timer: Timer | null = null;
  #isStopped = false;
  #lastShown: string | null = null;
  #isRefusalSaid = false;

  constructor(options: PodOutputOptions) {
    this.#options = options;
    this.#startedMs = options.terminal.clock.nowMs();
    this.#lookLater(0);
  }

  /** Looks no more. */
  letGo(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Shows what was written last. */
  async stop(): Promise<void> {
    this.letGo();
    await this.#looking;
    await this.#look();
  }

  #lookLater(delayMs: number): void {
    const { clock } = this.#options.terminal;
    this.#timer = clock.after(delayMs, () => {
      const beganMs = clock.monotonicMs();
      const again = (): void => {
        if (!this.#isStopped) this.#lookLater(Math.max(LOOK_MS, SHARE * (clock.monotonicMs() - beganMs)));
      };
      // The jobs do not depend on what is shown of them.
      this.#looking = this.#look().then(again, (error: unknown) =>
        this.#options.terminal.say(
          `The jobs' output is no longer shown here: ${String(error)}; use \`streamjob logs\`.`,
        ),
      );
    });
  }

  async #look(): Promise<void> {
    try {
      const pods = await listAll(this.#options.api, "Pod", {
        namespace: this.#options.namespace,
        labels: { [COMPONENT_LABEL]: "taskmanager" },
      });
      const own = pods.filter(({ metadata: { namespace, labels } }) =>
        this.#options.isFollowed({ namespace, name: labels?.[JOB_LABEL] ?? "" }),
      );
      for (const pod of own) await this.#lookAt(pod, own.length > 1);
    } catch (error) {
      if (!isApiError(error)) throw error; // PO2
      this.#noteRefusal(error);
    }
  }

  async #lookAt(pod: Pod, isOneOfSeveral: boolean): Promise<void> {
    const { namespace, name, uid = "", creationTimestamp } = pod.metadata;
    let text: string;
    try {
      text = await this.#options.api.logs({ namespace, name });
    } catch (error) {
      if (!isApiError(error)) throw error;
      return this.#noteRefusal(error); // PO2: not started yet, or just gone
    }
    const followed = this.#pods.get(uid) ?? { place: new LogPlace(), restarts: podRestarts(pod) };
    const isNew = !this.#pods.has(uid);
    this.#pods.set(uid, followed);
    if (followed.restarts !== podRestarts(pod)) {
      followed.restarts = podRestarts(pod);
      this.#show(name, followed.place.restart(), isOneOfSeveral);
    }
    const { lines } = followed.place.next(text);
    // Times of objects have whole seconds.
    const isOld = Date.parse(creationTimestamp ?? "") + 1000 <= this.#startedMs;
    if (!isNew || !isOld) this.#show(name, lines, isOneOfSeveral);
  }

  #noteRefusal(error: ApiError): void {
    if (error.reason !== "Forbidden" || this.#isRefusalSaid) return;
    this.#isRefusalSaid = true;
    this.#options.terminal.say(`The jobs' output is not shown here: ${error.message}`);
  }

  #show(pod: string, lines: readonly string[], isOneOfSeveral: boolean): void {
    const { out, say, colors } = this.#options.terminal;
    for (const line of lines) {
      const entry = parseLogLine(line);
      if (entry !== null && entry.userLine === null) continue;
      if (isOneOfSeveral && this.#lastShown !== pod) say(colors.dim(`-- ${pod}`));
      this.#lastShown = pod;
      out(entry?.userLine ?? line);
    }
  }
}
