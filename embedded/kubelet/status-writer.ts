/**
 * Owns: bringing a pod's status to the API server.
 * Called by: pod-worker.ts.
 *
 * SW1 Changes that come together are one write, and one write is under way at a time; the newest status wins.
 * SW2 What is there already is not written.
 * SW3 A write that fails is tried again, unless the pod's object is gone or is another one.
 * SW4 Only the status is written, as a patch of it: what others changed meanwhile (a finalizer, a label) stays, also on a server that
 *     takes more than the status from a whole object.
 */
import { type Clock, type Log, onNextTurn, sleep } from "../../base/index.ts";
import { isOfOtherObject, type KubernetesApi, type Pod } from "../../operator/kubernetes/api/index.ts";
import type { PodStatus } from "./pod-status.ts";

const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 5000;

export type StatusWriterOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  /** As the server has it: its status is what is there. */
  readonly pod: Pod;
};

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #written: PodStatus;
  #wanted: PodStatus | null = null;
  #writing: Promise<void> | null = null;
  #isStopped = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#written = options.pod.status ?? {};
  }

  /** Returns at once. */
  set(status: PodStatus): void {
    this.#wanted = status;
    this.#writing ??= this.#write();
  }

  /** Resolves when the newest status is there, or never will be. */
  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /** Nothing is written from now on. */
  stop(): void {
    this.#isStopped = true;
  }

  async #write(): Promise<void> {
    await new Promise<void>((resolve) => onNextTurn(resolve)); // SW1
    let retryMs = RETRY_FIRST_MS;
    while (!this.#isStopped && this.#wanted !== null) {
      const status = this.#wanted;
      if (JSON.stringify(status) === JSON.stringify(this.#written)) this.#wanted = null;
      else if (await this.#tryWrite(status)) {
        this.#written = status;
        retryMs = RETRY_FIRST_MS;
      } else {
        await sleep(this.#options.clock, retryMs);
        retryMs = Math.min(RETRY_MAX_MS, 2 * retryMs);
      }
    }
    this.#writing = null;
  }

  /** Whether there is nothing more to do about this status. */
  async #tryWrite(status: PodStatus): Promise<boolean> {
    const { api, pod, log } = this.#options;
    const { namespace, name, uid } = pod.metadata;
    const removed = Object.keys(this.#written).filter((field) => !(field in status));
    const patch = {
      // Without a resourceVersion: nobody else writes a pod's status. The uid keeps it off a successor of the same name.
      metadata: uid === undefined ? {} : { uid },
      status: { ...Object.fromEntries(removed.map((field) => [field, null])), ...status },
    };
    try {
      await api.patch("Pod", { namespace, name }, patch, { subresource: "status" });
      return true;
    } catch (error) {
      if (isOfOtherObject(error)) {
        this.#isStopped = true;
        return true;
      }
      log.warn({ err: error, pod: name }, "a pod's status cannot be written; retrying");
      return false;
    }
  }
}
