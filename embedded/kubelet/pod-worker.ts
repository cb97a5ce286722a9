/**
 * Owns: one pod object's life on this machine: its container is started, started again, ended; its status says so.
 * Does not own: which pods there are (process-kubelet.ts), what is started (container-plan.ts), the process (container-process.ts).
 *
 * PW1 At most one process of a pod lives at a time, and none starts once the pod is being deleted or gone.
 * PW2 A pod being deleted goes from the API server only when its process is gone: SIGTERM, after its grace SIGKILL.
 * PW3 A pod whose object is gone already (deleted by force) has its process killed.
 * PW4 A lost pod (`abandon`) lives on as on a node that nobody can reach: nothing of its object has an effect on its process any
 *     more, and nothing of its process on its object.
 * PW5 Whatever goes wrong with one pod (a spec that nobody foresaw, a full disk) is in its status and the log, and ends nothing else.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Log, sleep, type Timer } from "../../base/index.ts";
import {
  type Container,
  isApiError,
  type KubernetesApi,
  type ObjectKey,
  type Pod,
} from "../../operator/kubernetes/api/index.ts";
import type { ChildLedger } from "./child-ledger.ts";
import { ContainerLog } from "./container-log.ts";
import { planContainer, type PlanContext, type PlanResult, refuseForGood } from "./container-plan.ts";
import { type ContainerProcess, type OutputListener, type ProcessExit, startProcess } from "./container-process.ts";
import { ContainerProbes } from "./container-probes.ts";
import { buildPodStatus, type ContainerState, type PodFacts, resumeFacts } from "./pod-status.ts";
import { mounts, prepareVolumes } from "./pod-volumes.ts";
import { RestartBackoff, type RestartBackoffOptions } from "./restart-backoff.ts";
import { StatusWriter } from "./status-writer.ts";

export type WorkerContext = PlanContext & {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: ChildLedger;
  readonly backoff: RestartBackoffOptions;
  readonly logBytesMax: number;
  readonly onOutput: OutputListener;
};

const DEFAULT_GRACE_SECONDS = 30;
const REMOVE_RETRY_MS = 200;

export class PodWorker {
  readonly key: ObjectKey;
  readonly uid: string;
  #pod: Pod;
  readonly #context: WorkerContext;
  readonly #status: StatusWriter;
  readonly #backoff: RestartBackoff;
  #facts: PodFacts;
  #process: ContainerProcess | null = null;
  #volumeWork: Promise<unknown> = Promise.resolve();
  #ledgerWork: Promise<unknown> = Promise.resolve();

  #isEnding = false;
  #isObjectGone = false;
  #isLost = false;
  #isShutDown = false;
  #killAtMs = Number.POSITIVE_INFINITY;
  #killTimer: Timer | null = null;
  readonly #ending = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #poked = Promise.withResolvers<void>();

  /** `after`: the process of an earlier pod of the same name is gone then. */
  constructor(pod: Pod, context: WorkerContext, after: Promise<void>) {
    this.key = { namespace: pod.metadata.namespace, name: pod.metadata.name };
    this.uid = pod.metadata.uid ?? "";
    this.#pod = pod;
    this.#context = context;
    this.#status = new StatusWriter({ api: context.api, clock: context.clock, log: context.log, pod });
    this.#backoff = new RestartBackoff(context.backoff);
    this.#facts = resumeFacts(pod, context.clock.nowMs());
    this.update(pod);
    this.#run(after).catch((error: unknown) => {
      context.log.error({ err: error, pod: this.key }, "the worker of a pod failed; the pod is no longer managed");
      this.#over.resolve();
    });
  }

  /** Resolves when its process is gone and none will follow, or when it is lost. */
  get whenOver(): Promise<void> {
    return this.#over.promise;
  }

  /** Of the living process. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** The object changed. */
  update(pod: Pod): void {
    if (this.#isLost) return;
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.#end(graceMsOf(pod));
  }

  /** The object is gone (PW3). */
  objectGone(): void {
    this.#isObjectGone = true;
    this.#gone.resolve();
    this.#status.stop();
    if (!this.#isLost) this.#end(0);
  }

  /** A ConfigMap or Secret of the pod's namespace was created or changed. */
  sourceChanged(kind: "ConfigMap" | "Secret", name: string): void {
    if (this.#isLost || this.#isEnding) return;
    const { state } = this.#facts;
    if (state.kind === "waiting" && state.reason === "CreateContainerConfigError") this.#poked.resolve();
    if (!mounts(this.#pod, kind, name)) return;
    this.#rewriteVolumes().catch((error: unknown) => {
      this.#context.log.warn(
        { err: error, pod: this.key, kind, name },
        "a changed ConfigMap or Secret cannot be written for a pod; the pod keeps its old files",
      );
    });
  }

  /** PW4. Gives the process that lives on; null: there is none. */
  abandon(): number | null {
    this.#isLost = true;
    this.#status.stop();
    this.#isEnding = true;
    this.#ending.resolve();
    this.#over.resolve();
    return this.pid;
  }

  /** Ends the process; the object stays, for the next kubelet. */
  async shutDown(graceMs: number): Promise<void> {
    this.#isShutDown = true;
    this.#status.stop();
    this.#end(graceMs);
    await Promise.all([this.#over.promise, this.#process?.exited]);
    await Promise.all([this.#ledgerWork, this.#volumeWork]);
  }

  #end(graceMs: number): void {
    const isFirst = !this.#isEnding;
    this.#isEnding = true;
    this.#killAtMs = Math.min(this.#killAtMs, this.#context.clock.monotonicMs() + graceMs);
    this.#ending.resolve();
    this.#endProcess(isFirst);
  }

  #endProcess(isFirst: boolean): void {
    const process = this.#process;
    const context = this.#context;
    if (process === null) return;
    const graceMs = this.#killAtMs - context.clock.monotonicMs();
    if (isFirst && graceMs > 0) process.signal("SIGTERM");
    this.#killTimer?.cancel();
    if (graceMs <= 0) process.kill();
    else this.#killTimer = context.clock.after(graceMs, () => process.kill());
  }

  async #run(after: Promise<void>): Promise<void> {
    if (!this.#facts.isOver) this.#publish();
    await after;
    try {
      await this.#keepRunning();
    } catch (error) {
      this.#unforeseen(error);
    }
    await this.#ending.promise;
    this.#over.resolve();
    if (!this.#isLost && !this.#isShutDown && !this.#isObjectGone) await this.#removeObject();
    await this.#gone.promise;
    await this.#alone(() => rm(this.#context.podFolder, { recursive: true, force: true }));
  }

  /** Until the pod ends. */
  async #keepRunning(): Promise<void> {
    const forGood = refuseForGood(this.#pod);
    if (forGood !== null) this.#setState({ kind: "waiting", reason: "CreateContainerConfigError", message: forGood });
    while (forGood === null && !this.#isEnding && !this.#facts.isOver) {
      const waitMs = await this.#runOnce();
      if (waitMs > 0) await this.#wait(waitMs);
    }
  }

  /** PW5 */
  #unforeseen(error: unknown): void {
    this.#context.log.error({ err: error, pod: this.key }, "a pod cannot be run");
    this.#process?.kill();
    const message = `the kubelet failed: ${error instanceof Error ? error.message : String(error)}`;
    this.#setState({ kind: "waiting", reason: "CreateContainerError", message });
  }

  /** One start of the container and its life. Gives how long to wait before the next. */
  async #runOnce(): Promise<number> {
    const container = containerOf(this.#pod);
    const planned = await this.#plan(container);
    if (this.#isEnding) return 0;
    if (planned === null) return this.#backoff.nextTry();
    if (planned.kind === "refused") return this.#refused(planned.reason, planned.message);
    const context = this.#context;
    const output = new ContainerLog(
      containerLogPath(context.podFolder, container.name),
      context.logBytesMax,
      context.log,
    );
    const started = await startProcess(planned.plan, output, context.clock, context.onOutput);
    if (started.kind === "failed") return this.#refused("CreateContainerError", started.message);
    return this.#follow(started.process, container);
  }

  /** null: the API server did not answer. */
  async #plan(container: Container): Promise<PlanResult | null> {
    try {
      return await this.#alone(() => planContainer(this.#pod, container, this.#context));
    } catch (error) {
      this.#context.log.warn({ err: error, pod: this.key }, "a pod cannot be prepared; retrying");
      const message = error instanceof Error ? error.message : String(error);
      this.#setState({ kind: "waiting", reason: "ContainerCreating", message });
      return null;
    }
  }

  #refused(reason: string, message: string): number {
    const before = this.#facts.state;
    const isAgain = reason === "ErrImagePull" && before.kind === "waiting" && before.message === message;
    this.#setState({ kind: "waiting", reason: isAgain ? "ImagePullBackOff" : reason, message });
    return this.#backoff.nextTry();
  }

  async #follow(process: ContainerProcess, container: Container): Promise<number> {
    const { clock, ledger, log } = this.#context;
    this.#process = process;
    const { restartCount, wasStarted } = this.#facts;
    this.#facts = { ...this.#facts, wasStarted: true, restartCount: restartCount + (wasStarted ? 1 : 0) };
    const isReady = container.readinessProbe?.httpGet === undefined;
    this.#setState({ kind: "running", startedMs: clock.nowMs(), isReady });
    if (this.#isEnding) this.#endProcess(true);
    // A process that is not in the list has its leash all the same.
    const noted = ledger
      .add(process.pid, `${this.key.namespace}/${this.key.name}`)
      .catch((error: unknown) => log.warn({ err: error, pod: this.key }, "the list of processes cannot be written"));
    const probes = this.#startProbes(container, process);
    const exit = await process.exited;
    probes.stop();
    this.#process = null;
    this.#killTimer?.cancel();
    this.#ledgerWork = noted
      .then(() => ledger.remove(process.pid))
      .catch((error: unknown) => log.warn({ err: error, pod: this.key }, "the list of processes cannot be written"));
    return this.#afterExit(exit);
  }

  /** Gives how long to wait before the next start. */
  #afterExit(exit: ProcessExit): number {
    const end = { exitCode: exit.exitCode, message: exit.message, finishedMs: this.#context.clock.nowMs() };
    const { restartPolicy = "Always" } = this.#pod.spec;
    const isLast = restartPolicy === "Never" || (restartPolicy === "OnFailure" && exit.exitCode === 0);
    if (this.#isEnding || isLast) {
      this.#facts = { ...this.#facts, isOver: true };
      this.#setState({ kind: "terminated", ...end });
      return 0;
    }
    const waitMs = this.#backoff.next(exit.livedMs);
    this.#facts = { ...this.#facts, last: end };
    const message = `back-off ${waitMs} ms restarting the container: it ended with exit code ${exit.exitCode}`;
    if (waitMs > 0) this.#setState({ kind: "waiting", reason: "CrashLoopBackOff", message });
    return waitMs;
  }

  #startProbes(container: Container, process: ContainerProcess): ContainerProbes {
    const { clock, log, resolve } = this.#context;
    const probes = new ContainerProbes(clock, (port) => resolve({ kind: "own", port }));
    const started = probes.start(container, {
      onReady: (isReady) => {
        if (this.#facts.state.kind === "running") this.#setState({ ...this.#facts.state, isReady });
      },
      onDead: (message) => {
        log.warn({ pod: this.key, reason: message }, "a container fails its liveness probe; restarting it");
        process.signal("SIGTERM");
        this.#killTimer?.cancel();
        this.#killTimer = clock.after(graceMsOf(this.#pod), () => process.kill());
      },
    });
    // Without a port there is nothing to ask: the container stays unready, which says that something is wrong.
    started.catch((error: unknown) => log.warn({ err: error, pod: this.key }, "a container cannot be probed"));
    return probes;
  }

  async #rewriteVolumes(): Promise<void> {
    const written = await this.#alone(() => prepareVolumes(this.#pod, containerOf(this.#pod), this.#context));
    if (written.kind !== "refused") return;
    this.#context.log.warn({ pod: this.key, reason: written.message }, "a pod keeps its old files");
  }

  /** Its volumes are written by one at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#volumeWork.then(work, work);
    this.#volumeWork = done.catch(() => undefined); // told to whoever asked for it
    return done;
  }

  /** Until time is up, the pod ends, or something changed that may help. */
  async #wait(waitMs: number): Promise<void> {
    this.#poked = Promise.withResolvers<void>();
    const wake = this.#context.clock.after(waitMs, () => this.#poked.resolve());
    await Promise.race([this.#poked.promise, this.#ending.promise]);
    wake.cancel();
  }

  /** PW2. Finalizers may keep it: then it shows how its container ended. */
  async #removeObject(): Promise<void> {
    const { api, clock, log } = this.#context;
    if ((this.#pod.metadata.finalizers ?? []).length > 0) {
      this.#publish();
      await this.#status.flush();
    }
    this.#status.stop();
    while (!this.#isObjectGone && !this.#isShutDown) {
      try {
        return await api.delete("Pod", this.key, { uid: this.uid, gracePeriodSeconds: 0 });
      } catch (error) {
        if (isApiError(error, "NotFound", "Conflict")) return;
        log.warn({ err: error, pod: this.key }, "an ended pod cannot be removed; retrying");
        await sleep(clock, REMOVE_RETRY_MS);
      }
    }
  }

  #setState(state: ContainerState): void {
    this.#facts = { ...this.#facts, state };
    this.#publish();
  }

  #publish(): void {
    if (!this.#isLost) this.#status.set(buildPodStatus(this.#facts));
  }
}

function containerOf(pod: Pod): Container {
  const container = pod.spec.containers[0];
  return container ?? { name: "", image: "" };
}

function graceMsOf(pod: Pod): number {
  const { terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = pod.spec;
  return (pod.metadata.deletionGracePeriodSeconds ?? terminationGracePeriodSeconds) * 1000;
}

/** Of ContainerLog. */
export function containerLogPath(podFolder: string, container: string): string {
  return join(podFolder, "logs", container);
}
