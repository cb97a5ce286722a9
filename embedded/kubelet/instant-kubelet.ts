/**
 * Owns: a node without processes: every pod runs and is ready as soon as it exists, and is gone as soon as it is deleted.
 * Called by: the bench of the controller and tests that look at objects only.
 *
 * IK1 A pod's status is written once, and only if it is not there yet: a quiet cluster has no writes.
 * IK2 A pod that is not started again has done its work, and succeeded, as soon as it exists.
 */
import type { Clock, Log, Random } from "../../base/index.ts";
import { isOfOtherObject, type KubernetesApi, type Pod } from "../../operator/kubernetes/api/index.ts";
import { WatchCache, WorkQueue } from "../../operator/kubernetes/machinery/index.ts";
import { buildPodStatus } from "./pod-status.ts";

export type InstantKubeletOptions = {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Of whose pods it is the node. Default null: of all. */
  readonly namespace?: string | null;
};

export class InstantKubelet {
  readonly #options: InstantKubeletOptions;
  readonly #pods: WatchCache<"Pod">;
  readonly #queue: WorkQueue;

  constructor(options: InstantKubeletOptions) {
    const { api, clock, random, log, namespace = null } = options;
    this.#options = options;
    this.#pods = new WatchCache(api, "Pod", { clock, random, log, namespace });
    this.#queue = new WorkQueue({ clock, random, log, work: (key) => this.#care(key) });
  }

  async start(): Promise<void> {
    this.#pods.subscribe(({ kind, object: { metadata } }) => {
      if (kind !== "deleted") this.#queue.add(`${metadata.namespace}/${metadata.name}`);
    });
    this.#queue.start();
    this.#pods.start();
    await this.#pods.whenSynced();
  }

  async stop(): Promise<void> {
    await this.#pods.stop();
    await this.#queue.stop();
  }

  async #care(key: string): Promise<void> {
    const [namespace = "", name = ""] = key.split("/");
    const pod = this.#pods.get({ namespace, name });
    if (pod === null) return;
    try {
      await this.#settle(pod);
    } catch (error) {
      // Gone or another one: what the watch says next is taken up then.
      if (!isOfOtherObject(error)) throw error;
    }
  }

  async #settle(pod: Pod): Promise<void> {
    const { api } = this.#options;
    const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      if (deletionGracePeriodSeconds === 0) return; // a finalizer keeps it
      await api.delete("Pod", pod.metadata, { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { uid }) });
      return;
    }
    const { phase = "Pending" } = pod.status ?? {};
    if (phase !== "Pending") return; // IK1
    const nowMs = this.#options.clock.nowMs();
    const isOver = pod.spec.restartPolicy === "Never"; // IK2
    const status = buildPodStatus({
      container: pod.spec.containers[0]?.name ?? "",
      state: isOver
        ? { kind: "terminated", exitCode: 0, message: "", finishedMs: nowMs }
        : { kind: "running", startedMs: nowMs, isReady: true },
      last: null,
      wasStarted: true,
      restartCount: 0,
      isOver,
    });
    const patch = { metadata: uid === undefined ? {} : { uid }, status };
    this.#pods.noteWrite(await api.patch("Pod", pod.metadata, patch, { subresource: "status" }));
  }
}
