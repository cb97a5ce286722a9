/**
 * Owns: making a task from its deployment: states restored, channels opened, operators opened, ready to start (MES3).
 *
 * TAB1 Channels exist before any operator opens; operators open before the task is ready; nothing is read before `start`.
 * TAB2 What fails while it is built is closed, and the task is reported failed like one that ran.
 */
import { assert, type Clock, type Log, nextTurn, readDelay, USER_LOGGER } from "../../base/index.ts";
import {
  BroadcastWriter,
  type ChannelKey,
  type ChannelReceiver,
  type ChannelSender,
  channelKey,
  ForwardWriter,
  HashWriter,
  InputGate,
  LocalChannel,
  RebalanceWriter,
} from "../exchange/index.ts";
import type { JobEdge, JobGraph, JobVertex, StreamNode } from "../graph/index.ts";
import { assertSynchronous, sinkOperator } from "../operators/index.ts";
import { MetricRegistry } from "../metrics/index.ts";
import type { OperatorContext, OperatorFactory, Sink, Source } from "../ports/index.ts";
import { type GuardMode, type Key, ValueGuard, type ValueType } from "../record/index.ts";
import { createLooseRows, createLooseTable } from "../state/index.ts";
import type {
  JobSource,
  Placement,
  SlotLocation,
  StateTarget,
  TaskDeployment,
  TaskRef,
  TaskState,
  ToJobManager,
} from "../rpc/index.ts";
import { type AnyOperator, type AnyWriter, type ChainedContext, type ChainLink, OperatorChain } from "./chain.ts";
import { type OperatorStates, restoreChainStates } from "./chain-state.ts";
import { runOwned } from "./code-owner.ts";
import { HookCalls } from "./hook-calls.ts";
import { TaskEmissions, TaskPause } from "./emission-desk.ts";
import { Mailbox } from "./mailbox.ts";
import { watchProcessingTime } from "./processing-time.ts";
import { outsideDesk } from "./outside-desk.ts";
import { ProtectedReceiver } from "./protected-receiver.ts";
import type { SlotExchange } from "./slot-exchange.ts";
import { restoreReader, type StoreCache } from "./snapshot-storage.ts";
import { SourceDriver } from "./source-driver.ts";
import type { ChannelInput } from "./row-loop.ts";
import { TaskSpills } from "./spill-files.ts";
import { Task } from "./task.ts";
import { TaskCheckpoints } from "./task-checkpoints.ts";

/** Where a task's channels come from. */
export type TaskExchange = Pick<SlotExchange, "openSender" | "openReceiver" | "forget">;

export type TaskEnvironment = {
  readonly epoch: number;
  readonly job: JobSource;
  readonly graph: JobGraph;
  readonly target: StateTarget;
  readonly placements: readonly Placement[];
  readonly exchange: TaskExchange;
  readonly stores: StoreCache;
  readonly clock: Clock;
  readonly log: Log;
  wake(): void;
  send(message: ToJobManager): void;
};

/** What a source's task says for its reader. */
type OfReader =
  | { readonly kind: "readerStarted"; readonly splits: readonly unknown[] }
  | { readonly kind: "splitRequest" }
  | {
      readonly kind: "watermarkReport";
      readonly group: string;
      readonly watermark: number | null;
      readonly updateMs: number;
    };

/** A deployed task with what steers it. `task` is null until it is ready; failures and cancellation work at any time. */
export class DeployedTask {
  readonly ref: TaskRef;
  readonly #environment: TaskEnvironment;
  readonly #deployment: TaskDeployment;
  readonly #keys: ChannelKey[] = [];
  /** Null: no operator of the task spills. */
  #spills: TaskSpills | null = null;
  /** Channel ends that are open, whether or not a task has come of them yet. */
  readonly #opened: { close(): void }[] = [];
  #built: { readonly task: Task; readonly checkpoints: TaskCheckpoints } | null = null;
  #isCanceled = false;
  #earlyFailure: { readonly error: unknown } | null = null;

  constructor(environment: TaskEnvironment, deployment: TaskDeployment) {
    this.#environment = environment;
    this.#deployment = deployment;
    this.ref = deployment.task;
  }

  get task(): Task | null {
    return this.#built?.task ?? null;
  }

  get checkpoints(): TaskCheckpoints | null {
    return this.#built?.checkpoints ?? null;
  }

  /** Builds it up to `ready`; reports the outcome. */
  async deploy(): Promise<void> {
    const environment = this.#environment;
    const deployment = this.#deployment;
    const vertex = environment.graph.vertices[deployment.task.vertex];
    assert(vertex !== undefined, `vertex ${deployment.task.vertex} is in the graph`);
    const mailbox = new Mailbox(environment.clock, () => environment.wake());
    const emissions = new TaskEmissions(new TaskPause(environment.clock));
    let chain: OperatorChain | null = null;
    try {
      const writers = vertex.operators.map(({ outputs }) =>
        outputs.map(({ outEdges }) => outEdges.map((edge) => this.#openWriter(edge))),
      );
      const { gate, inputs } = await this.#openGate(vertex);
      const states = await restoreChainStates({
        vertex,
        deployment,
        readerOf: (uri) => restoreReader(environment.stores, uri, deployment.inlineFiles),
        clock: environment.clock,
        turn: nextTurn,
      });
      if (this.#isCanceled) {
        this.#releaseAll();
        return;
      }
      const source = this.#sourceOf(vertex);
      const links = vertex.operators.map((description, index): ChainLink => {
        const operator = index === 0 && source !== null ? (source as AnyOperator) : createOperator(description.node);
        return {
          description,
          operator,
          context: this.#contextOf(vertex, index, {
            states: states[index] as OperatorStates,
            mailbox,
            emissions,
            source,
          }),
          writers: writers[index] ?? [],
        };
      });
      const built = new OperatorChain(links, emissions, this.#guardMode);
      chain = built;
      source?.followedBy(
        (links[0]?.description.outputs[0].next ?? []).map((next) => (links[next] as ChainLink).operator),
        () => built.flushGathered(),
      );
      this.#warnOfLostRecords(links);
      this.#built = this.#assemble({ mailbox, emissions, chain, states, gate, inputs, source });
      const mayGoOn = (): boolean => this.#built?.task.mayGoOn() ?? true;
      for (const { keyed } of states)
        if (keyed !== null) watchProcessingTime(keyed, mailbox, this.#environment.clock, mayGoOn);
      const { task } = this.#built;
      const opened = chain;
      await runOwned(task, () => opened.open(task.parts.hooks));
      if (this.#earlyFailure !== null) throw this.#earlyFailure.error;
      if (this.#isCanceled || task.isOver) return;
      task.phase = "ready";
      this.#report({ kind: "ready" });
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    if (this.#isCanceled) return;
    if (this.#built !== null) {
      this.#built.task.fail(error);
      return;
    }
    const mailbox = new Mailbox(this.#environment.clock, () => undefined);
    const emissions = new TaskEmissions(new TaskPause(this.#environment.clock));
    const nameless = new Task({
      ...this.#partsWithoutChain(),
      mailbox,
      emissions,
      chain: new OperatorChain([], emissions),
      states: [],
      gate: null,
      inputs: [],
      source: null,
      debloat: null,
    });
    nameless.onClosed = () => this.#releaseAll();
    nameless.fail(error);
    this.#isCanceled = true;
  }

  /** Splits from the source's enumerator, in order with what triggers checkpoints (MES9). */
  assignSplits(splits: readonly unknown[], noMore: boolean): void {
    const task = this.task;
    const source = task?.parts.source;
    if (task === null || source === null || source === undefined) return;
    task.parts.mailbox.post(() => {
      source.assign(splits, noMore);
      task.wakeSource();
    });
  }

  /** What the lowest watermark of a group is that the source is aligned with. */
  alignWatermarks(group: string, lowest: number | null): void {
    const parts = this.task?.parts;
    parts?.mailbox.post(() => parts.source?.alignment.align(group, lowest));
  }

  async cancel(): Promise<void> {
    this.#isCanceled = true;
    if (this.#built === null) {
      this.#releaseAll();
      this.#report({ kind: "canceled" });
    } else {
      await this.#built.task.cancel();
    }
  }

  #assemble(parts: Pick<Task["parts"], "mailbox" | "emissions" | "chain" | "states" | "gate" | "inputs" | "source">): {
    readonly task: Task;
    readonly checkpoints: TaskCheckpoints;
  } {
    const environment = this.#environment;
    const debloat = environment.graph.configuration.bufferDebloat;
    const task = new Task({ ...this.#partsWithoutChain(), ...parts, debloat: debloat.enabled ? debloat : null });
    task.onClosed = () => this.#releaseAll();
    const checkpoints = new TaskCheckpoints(task, {
      epoch: environment.epoch,
      target: environment.target,
      stores: environment.stores,
      clock: environment.clock,
      turn: nextTurn,
      send: (message) => environment.send(message),
    });
    return { task, checkpoints };
  }

  #partsWithoutChain(): Pick<Task["parts"], "ref" | "name" | "hooks" | "clock" | "log" | "report" | "wake"> {
    const { ref } = this;
    const environment = this.#environment;
    const vertex = environment.graph.vertices[ref.vertex];
    return {
      ref,
      name: `${vertex?.name ?? `vertex ${ref.vertex}`} (${ref.subtask + 1}/${vertex?.parallelism ?? "?"})`,
      clock: environment.clock,
      hooks: new HookCalls(environment.clock, environment.graph.configuration.hookTimeoutMs),
      log: environment.log,
      report: (state) => this.#report(state),
      wake: () => environment.wake(),
    };
  }

  #report(state: TaskState): void {
    this.#environment.send({ kind: "taskState", epoch: this.#environment.epoch, task: this.ref, state });
  }

  #sourceOf(vertex: JobVertex): SourceDriver | null {
    const head = vertex.operators[0]?.node;
    if (head?.role !== "source") return null;
    return new SourceDriver(head.logic as Source<unknown>, this.#deployment.splits, {
      wake: () => this.#built?.task.wakeSource(),
      fail: (error) => this.fail(error),
      announce: (splits) => this.#tell({ kind: "readerStarted", splits }),
      requestSplits: () => this.#tell({ kind: "splitRequest" }),
      report: (group, watermark, updateMs) => this.#tell({ kind: "watermarkReport", group, watermark, updateMs }),
    });
  }

  #tell(what: OfReader): void {
    this.#environment.send({ ...what, epoch: this.#environment.epoch, task: this.ref });
  }

  #contextOf(
    vertex: JobVertex,
    index: number,
    parts: {
      readonly states: OperatorStates;
      readonly mailbox: Mailbox;
      readonly emissions: TaskEmissions;
      readonly source: SourceDriver | null;
    },
  ): ChainedContext {
    const { ref } = this;
    const environment = this.#environment;
    const { states, mailbox, emissions, source } = parts;
    const isBehindSource = vertex.operators[0]?.outputs[0].next.includes(index) === true;
    const node = (vertex.operators[index] as JobVertex["operators"][number]).node;
    return {
      uid: node.uid,
      name: node.name,
      subtask: ref.subtask,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      epoch: environment.epoch,
      attempt: ref.attempt,
      jobId: environment.job.jobId,
      predecessors: environment.job.predecessors,
      fenced: environment.job.fenced ?? [],
      jobName: environment.graph.configuration.jobName,
      keyed: states.keyed,
      operatorState: states.operatorState,
      clock: environment.clock,
      log: environment.log.child({
        logger: USER_LOGGER,
        operator: `${node.name} (${ref.subtask + 1}/${vertex.parallelism})`,
        uid: node.uid,
      }),
      metrics: new MetricRegistry({ name: node.name, uid: node.uid, clock: environment.clock, log: environment.log }),
      blockUntil: (promise) => {
        if (this.#built === null) promise.catch((error: unknown) => (this.#earlyFailure ??= { error }));
        else this.#built.task.blockUntil(promise, node, states.keyed !== null);
      },
      schedule: (delay, callback) => {
        mailbox.postAfter(readDelay(delay, "schedule"), callback);
      },
      stalledMs: () => this.#built?.task.stalledMs ?? 0,
      emission: emissions.deskOf(index),
      looseTable: (descriptor) => createLooseTable(node.uid, descriptor),
      looseRows: createLooseRows,
      ...this.#spillOf(node),
      outside: outsideDesk({
        operator: node,
        index,
        emissions,
        hooks: () => this.#built?.task.parts.hooks ?? null,
        wake: () => environment.wake(),
        slowDown: () => this.#built?.task.parts.source?.slowDown(),
      }),
      ...(source !== null && isBehindSource ? { alignment: source.alignment } : {}),
    };
  }

  /** Said once a job: the first subtask speaks for all. */
  #warnOfLostRecords(links: readonly ChainLink[]): void {
    if (this.ref.subtask > 0) return;
    for (const { description, context, writers } of links) {
      const isTaken = description.outputs[0].next.length > 0 || (writers[0]?.length ?? 0) > 0;
      if (description.node.role === "sink" || isTaken) continue;
      this.#environment.log.warn(
        { operator: context.name, uid: context.uid },
        "what this operator emits goes nowhere: its stream has no sink; end it in sinkTo(…) or print()",
      );
    }
  }

  get #guardMode(): GuardMode {
    return this.#environment.graph.configuration.objectReuse ? "unfrozen" : "sampled";
  }

  #edge(index: number): JobEdge {
    const edge = this.#environment.graph.edges[index];
    assert(edge !== undefined, `edge ${index} is in the graph`);
    return edge;
  }

  #locationOf(vertex: number, subtask: number): SlotLocation {
    const placement = this.#environment.placements.find(
      ({ task }) => task.vertex === vertex && task.subtask === subtask,
    );
    assert(placement !== undefined, `task ${vertex}/${subtask} has a place`);
    return placement.location;
  }

  #keyOf(edge: number, from: number, to: number): ChannelKey {
    const key = channelKey(this.#environment.epoch, this.ref.attempt, edge, from, to);
    this.#keys.push(key);
    return key;
  }

  readonly #channelEvents = {
    wake: (): void => this.#environment.wake(),
    onFailure: (error: unknown): void => this.fail(error),
  };

  #openWriter(index: number): AnyWriter {
    const edge = this.#edge(index);
    const consumer = this.#environment.graph.vertices[edge.toVertex] as JobVertex;
    const { subtask } = this.ref;
    const open = (to: number): ChannelSender<unknown> => {
      const location = this.#locationOf(edge.toVertex, to);
      const key = this.#keyOf(index, subtask, to);
      const sender = this.#environment.exchange.openSender(key, location, edge.type, this.#channelEvents);
      this.#opened.push(sender);
      return sender;
    };
    if (edge.partitioning.kind === "forward") return new ForwardWriter([open(subtask)]);
    const senders = Array.from({ length: consumer.parallelism }, (_none, to) => open(to));
    switch (edge.partitioning.kind) {
      case "hash": {
        const { keySelector, keyColumns = null, gathers } = edge.partitioning;
        return new HashWriter(senders, keySelector as (value: unknown) => Key, consumer.maxParallelism, {
          keyColumns,
          gathered: gathers === true ? edge.type : null,
        });
      }
      case "rebalance":
        return new RebalanceWriter(senders, subtask);
      case "broadcast":
        return new BroadcastWriter(senders);
    }
  }

  async #openGate(
    vertex: JobVertex,
  ): Promise<{ readonly gate: InputGate | null; readonly inputs: readonly ChannelInput[] }> {
    if (vertex.inEdges.length === 0) return { gate: null, inputs: [] };
    const isKeyed = vertex.operators[0]?.node.isKeyed === true;
    const channels: Promise<ChannelReceiver<unknown>>[] = [];
    const inputs: ChannelInput[] = [];
    for (const index of vertex.inEdges) {
      const { fromVertex, input, partitioning, type } = this.#edge(index);
      const producer = this.#environment.graph.vertices[fromVertex] as JobVertex;
      const { subtask } = this.ref;
      const producers =
        partitioning.kind === "forward"
          ? [subtask]
          : Array.from({ length: producer.parallelism }, (_none, from) => from);
      const keyOf =
        isKeyed && partitioning.kind === "hash" ? (partitioning.keySelector as (value: unknown) => Key) : null;
      for (const from of producers) {
        channels.push(this.#openChannel(index, from, type));
        inputs.push({ input, keyOf, type });
      }
    }
    return { gate: new InputGate(await Promise.all(channels)), inputs };
  }

  async #openChannel(index: number, from: number, type: ValueType<unknown>): Promise<ChannelReceiver<unknown>> {
    const location = this.#locationOf(this.#edge(index).fromVertex, from);
    const key = this.#keyOf(index, from, this.ref.subtask);
    const receiver: ChannelReceiver<unknown> = await this.#environment.exchange.openReceiver(
      key,
      location,
      type,
      this.#channelEvents,
    );
    this.#opened.push(receiver);
    if (receiver instanceof LocalChannel) return receiver;
    const guard = new ValueGuard(`a channel of edge ${index} of this job, of a sender's,`, type, this.#guardMode);
    return new ProtectedReceiver(receiver, guard);
  }

  #spillOf({ logic }: StreamNode): Pick<OperatorContext, "spill"> {
    if ((logic as Partial<OperatorFactory<unknown, unknown>>).spills !== true) return {};
    this.#spills ??= new TaskSpills(this.#environment.graph);
    return { spill: this.#spills };
  }

  #releaseAll(): void {
    this.#spills?.close();
    for (const end of this.#opened.splice(0)) end.close();
    for (const key of this.#keys) this.#environment.exchange.forget(key);
  }
}

function createOperator(node: StreamNode): AnyOperator {
  if (node.role === "sink") return sinkOperator(node.logic as Sink<unknown>).create() as AnyOperator;
  const operator = (node.logic as OperatorFactory<unknown, unknown>).create();
  assertSynchronous(`${node.name} (uid ${node.uid}): the operator's process`, operator.process, "nothing");
  return operator;
}
