/**
 * Owns: for tests: TaskManagers that speak the protocol over real sockets and follow a script instead of running a job.
 * Barriers travel at once: when the sources of a job were triggered, every task acknowledges.
 */
import {
  type ErrorInfo,
  type JobId,
  type OperatorId,
  StreamError,
  type TaskManagerId,
  taskManagerId,
  toErrorInfo,
} from "../../base/index.ts";
import type { StateBlob } from "../checkpoint/index.ts";
import type { JobGraph } from "../graph/index.ts";
import {
  connectRpc,
  type FromJobManager,
  type OperatorAck,
  type RpcConnection,
  type TaskDeployment,
  type TaskRef,
  type ToJobManager,
} from "../rpc/index.ts";

export type Trigger = Extract<FromJobManager, { kind: "triggerCheckpoint" }>;

/** What tasks do; change it at any time. */
export type Script = {
  onBarrier: (task: TaskRef, trigger: Trigger) => "acknowledge" | "decline" | "silent";
  declineWith: ErrorInfo;
  /** Called when the task is started; true: it ends its data at once. */
  endsAtOnce: (task: TaskRef) => boolean;
  becomesReady: (task: TaskRef) => boolean;
  commits: (task: TaskRef, checkpointId: number) => boolean;
  committables: number;
  /** The state of a task's operator. */
  stateOf: (checkpointId: number) => StateBlob;
  /** The barrier of a stop or drain makes a task stand still, or ends its data. */
  endsAfterStop: boolean;
  /** Tasks say that they run again after a stop that failed. */
  resumes: boolean;
};

export const obedient: Script = {
  onBarrier: () => "acknowledge",
  declineWith: toErrorInfo(new StreamError("STORE_FULL", "no space is left")),
  endsAtOnce: () => false,
  becomesReady: () => true,
  commits: () => true,
  committables: 0,
  stateOf: (checkpointId) => ({
    kind: "inline",
    base64: Buffer.from(`checkpoint ${checkpointId}`).toString("base64"),
  }),
  endsAfterStop: true,
  resumes: true,
};

const keyOf = (task: TaskRef): string => `${task.vertex}/${task.subtask}`;

export class ScriptedWorld {
  readonly script: Script;
  readonly taskManagers = new Map<TaskManagerId, ScriptedTaskManager>();
  readonly deployed: TaskDeployment[] = [];
  readonly received: FromJobManager[] = [];
  readonly jobId: JobId;
  readonly #graph: () => JobGraph;

  constructor(graph: () => JobGraph, jobId: JobId, script: Partial<Script> = {}) {
    this.jobId = jobId;
    this.#graph = graph;
    this.script = { ...obedient, ...script };
  }

  async add(name: string, port: number, slots: number): Promise<ScriptedTaskManager> {
    const connection = await connectRpc<ToJobManager, FromJobManager>({ host: "127.0.0.1", port });
    const one = new ScriptedTaskManager(this, taskManagerId(name), connection, slots);
    this.taskManagers.set(one.id, one);
    return one;
  }

  of(kind: FromJobManager["kind"]): FromJobManager[] {
    return this.received.filter((message) => message.kind === kind);
  }

  /** Ends the data of every task. */
  endAll(): void {
    for (const one of this.taskManagers.values()) one.endAll();
  }

  /** The barrier has reached every task of the job. */
  barrier(trigger: Trigger): void {
    for (const one of this.taskManagers.values()) one.barrier(trigger);
  }

  operatorsOf(task: TaskRef, checkpointId: number): readonly OperatorAck[] {
    const vertex = this.#graph().vertices[task.vertex];
    return (vertex?.operators ?? []).map(({ node }) => ({
      operatorId: node.operatorId as OperatorId,
      declarations: [{ name: "memory", kind: "operator-list", type: "string" }],
      state: {
        keyed: null,
        operator: [
          {
            name: "memory",
            redistribution: "split",
            count: 1,
            blob: this.script.stateOf(checkpointId),
          },
        ],
        finished: false,
      },
    }));
  }
}

export class ScriptedTaskManager {
  readonly id: TaskManagerId;
  readonly connection: RpcConnection<ToJobManager, FromJobManager>;
  epoch = 0;
  /** Set it to stay silent, as a stopped process does. */
  isStopped = false;
  /** Set it to take `finish` without an answer. */
  failsToFinish = false;
  readonly #world: ScriptedWorld;
  readonly #slots: number;
  readonly #tasks = new Map<string, TaskRef>();
  #sourcesSeen = new Map<number, number>();
  #stoppedBy: number | null = null;

  constructor(
    world: ScriptedWorld,
    id: TaskManagerId,
    connection: RpcConnection<ToJobManager, FromJobManager>,
    slots: number,
  ) {
    this.id = id;
    this.#world = world;
    this.#slots = slots;
    this.connection = connection;
    connection.onMessage = (message) => this.#receive(message);
    connection.onClose = () => {
      this.#tasks.clear();
      world.taskManagers.delete(id);
    };
    const dataPorts = Array.from({ length: slots }, (_, slot) => 10_000 + slot);
    const { jobId } = world;
    connection.send({ kind: "register", jobId, taskManagerId: id, pid: 1, host: "127.0.0.1", dataPorts });
  }

  get tasks(): readonly TaskRef[] {
    return [...this.#tasks.values()];
  }

  /** As after SIGTERM. */
  leave(): void {
    this.connection.send({ kind: "leaving", epoch: this.epoch });
  }

  /** As after SIGKILL. */
  kill(): void {
    this.connection.close();
  }

  fail(task: TaskRef, error: unknown = new StreamError("USER_FUNCTION_FAILED", "the map function threw")): void {
    this.#tasks.delete(keyOf(task));
    this.#report(task, { kind: "failed", error: toErrorInfo(error) });
  }

  endAll(): void {
    for (const task of this.#tasks.values()) this.#report(task, { kind: "endOfData" });
  }

  barrier(trigger: Trigger): void {
    for (const task of this.#tasks.values()) {
      const answer = this.#world.script.onBarrier(task, trigger);
      const { checkpointId } = trigger;
      if (answer !== "silent" && this.#world.script.endsAfterStop) this.#hold(task, trigger);
      if (answer === "acknowledge") this.acknowledge(task, checkpointId);
      if (answer !== "decline") continue;
      const error = this.#world.script.declineWith;
      this.connection.send({
        kind: "checkpointDeclined",
        epoch: this.epoch,
        task,
        checkpointId,
        phase: "async",
        error,
      });
    }
  }

  acknowledge(task: TaskRef, checkpointId: number): void {
    this.connection.send({
      kind: "checkpointAck",
      epoch: this.epoch,
      task,
      checkpointId,
      operators: this.#world.operatorsOf(task, checkpointId),
      committables: this.#world.script.committables,
      inlineFiles: [],
      timings: { alignmentMs: 0, syncMs: 1, asyncMs: 1, stateBytes: 12 },
    });
  }

  #receive(message: FromJobManager): void {
    if (this.isStopped) return;
    this.epoch = message.epoch;
    this.#world.received.push(message);
    switch (message.kind) {
      case "heartbeat":
        return this.connection.send({ kind: "heartbeat", metrics: [] });
      case "deploy":
        for (const deployment of message.tasks) this.#deploy(deployment);
        return;
      case "start":
        for (const task of message.tasks) this.#start(task, message.asStopped);
        return;
      case "prepare":
        for (let slot = 0; slot < this.#slots; slot++) {
          this.connection.send({ kind: "prepared", epoch: this.epoch, slot, error: null });
        }
        return;
      case "cancel":
        for (const task of message.tasks) this.#end(task, "canceled");
        return;
      case "finish":
        if (this.failsToFinish) return;
        for (const task of message.tasks) this.#end(task, "finished");
        return;
      case "triggerCheckpoint":
        return this.#trigger(message);
      case "checkpointComplete":
        for (const task of message.tasks) this.#commit(task, message.checkpointId);
        return;
      case "checkpointAborted":
        return this.#resume(message.checkpointId);
      case "shutdown":
        return this.connection.close();
      default:
    }
  }

  #deploy(deployment: TaskDeployment): void {
    this.#world.deployed.push(deployment);
    this.#tasks.set(keyOf(deployment.task), deployment.task);
    if (this.#world.script.becomesReady(deployment.task)) this.#report(deployment.task, { kind: "ready" });
  }

  #start(task: TaskRef, asStopped: boolean): void {
    this.#report(task, { kind: "running" });
    if (asStopped) this.#report(task, { kind: "stopped" });
    if (this.#world.script.endsAtOnce(task)) this.#report(task, { kind: "endOfData" });
  }

  #end(task: TaskRef, kind: "canceled" | "finished"): void {
    this.#tasks.delete(keyOf(task));
    this.#report(task, { kind });
  }

  /** The last of the sources lets the barrier go. */
  #trigger(trigger: Trigger): void {
    const seen = (this.#sourcesSeen.get(trigger.checkpointId) ?? 0) + 1;
    this.#sourcesSeen.set(trigger.checkpointId, seen);
    const others = [...this.#world.taskManagers.values()].filter((one) => one !== this);
    if (others.every((one) => one.hasSeen(trigger.checkpointId) || !one.hasSource)) this.#world.barrier(trigger);
  }

  hasSeen(checkpointId: number): boolean {
    return this.#sourcesSeen.has(checkpointId);
  }

  get hasSource(): boolean {
    return [...this.#tasks.values()].some((task) => task.vertex === 0);
  }

  /** As a task does behind the barrier of a stop, drain or handover. */
  #hold(task: TaskRef, { checkpointKind, checkpointId }: Trigger): void {
    if (checkpointKind === "drain") this.#report(task, { kind: "endOfData" });
    if (checkpointKind !== "stop" && checkpointKind !== "handover") return;
    this.#stoppedBy = checkpointId;
    this.#report(task, { kind: "stopped" });
  }

  #resume(checkpointId: number): void {
    if (this.#stoppedBy !== checkpointId) return;
    this.#stoppedBy = null;
    if (!this.#world.script.resumes) return;
    for (const task of this.#tasks.values()) this.#report(task, { kind: "running" });
  }

  #commit(task: TaskRef, checkpointId: number): void {
    if (!this.#world.script.commits(task, checkpointId)) return;
    this.connection.send({ kind: "committed", epoch: this.epoch, task, checkpointId });
  }

  #report(task: TaskRef, state: Extract<ToJobManager, { kind: "taskState" }>["state"]): void {
    this.connection.send({ kind: "taskState", epoch: this.epoch, task, state });
  }
}
