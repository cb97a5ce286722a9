/**
 * Owns: the operators of one task as one loop of direct calls, with the edges at its ends.
 * Not here: when it is called (task.ts), states and snapshots (chain-state.ts), where edges lead (record writers).
 *
 * CHAI1 A record goes through the whole chain before the next one is taken; nothing between operators is queued.
 * CHAI2 A watermark passes an operator after its timers have fired, `reachWatermark` has emitted all and `onWatermark` returned (WM-2, OP4).
 * CHAI3 An operator that owns its watermarks lets only MAX_WATERMARK pass, and not even that if it owns all of them.
 * CHAI4 A watermark or status that an operator emits waits for what the operators after it still hold of earlier records (OP5).
 * CHAI7 What an operator collects as columns goes to each of its followers as that one takes it (column-joints.ts).
 * CHAI6 Time goes to all that follows, through whichever output its records come.
 * CHAI5 Every value goes through a guard on its way out of the operator that made it, chained or not (VG1, VG2).
 */
import { assert } from "../../base/index.ts";
import type { RecordWriter } from "../exchange/index.ts";
import type { ChainedOperator, OperatorOutput } from "../graph/index.ts";
import type { OperatorContext, Output, RecordOutput, StreamOperator } from "../ports/index.ts";
import type { MetricRegistry } from "../metrics/index.ts";
import { type ColumnBatch, ColumnBuilder, type GuardMode, MAX_WATERMARK, ValueGuard } from "../record/index.ts";
import type { KeyedStateBackend } from "../state/index.ts";
import { blame, type Operator } from "./code-owner.ts";
import { type BatchEntry, entryOf, RowGatherer } from "./column-joints.ts";
import type { HookCalls } from "./hook-calls.ts";
import type { TaskEmissions } from "./emission-desk.ts";

export type AnyOperator = StreamOperator<unknown, unknown>;
export type AnyWriter = RecordWriter<unknown>;

/** What a task gives an operator: to the operator a narrow store, to the task the whole back end. */
export type ChainedContext = OperatorContext & {
  readonly keyed: KeyedStateBackend | null;
  readonly metrics: MetricRegistry;
};

export type ChainLink = {
  readonly description: ChainedOperator;
  readonly operator: AnyOperator;
  readonly context: ChainedContext;
  /** Of each output, as in `description.outputs`: one writer for each of its edges. */
  readonly writers: readonly (readonly AnyWriter[])[];
};

/** What is the same for all outputs of an operator. */
type OperatorOutputs = Omit<Output<unknown>, "collect" | "collectBatch">;

/** An operator of the chain as the one before it sees it. */
type Follower = {
  /** The operator, or what gathers rows for it. */
  readonly rows: Pick<AnyOperator, "process">;
  readonly batches: BatchEntry;
  readonly names: Operator;
};

/** Where time goes is the same for all outputs; where records go is what they differ in. */
abstract class TimedOutput implements Output<unknown> {
  readonly #time: OperatorOutputs;

  constructor(time: OperatorOutputs) {
    this.#time = time;
  }

  abstract collect(value: unknown, timestamp: number): void;

  abstract collectBatch(batch: ColumnBatch): void;

  emitWatermark(timestamp: number): void {
    this.#time.emitWatermark(timestamp);
  }

  emitStatus(idle: boolean): void {
    this.#time.emitStatus(idle);
  }

  sideOutput(name: string): RecordOutput<unknown> {
    return this.#time.sideOutput(name);
  }
}

/** Collects into one chained operator and nothing else: the common case, one call. */
class DirectOutput extends TimedOutput {
  readonly #next: Pick<AnyOperator, "process">;
  readonly #batches: BatchEntry;
  readonly #names: Operator;

  constructor(next: Follower, time: OperatorOutputs) {
    super(time);
    this.#next = next.rows;
    this.#batches = next.batches;
    this.#names = next.names;
  }

  collectBatch(batch: ColumnBatch): void {
    this.#batches.give(batch);
  }

  collect(value: unknown, timestamp: number): void {
    try {
      this.#next.process(value, timestamp);
    } catch (error) {
      throw blame(error, this.#names);
    }
  }
}

class GuardedDirectOutput extends TimedOutput {
  readonly #next: Pick<AnyOperator, "process">;
  readonly #batches: BatchEntry;
  readonly #names: Operator;
  readonly #guard: ValueGuard;

  constructor(next: Follower, guard: ValueGuard, time: OperatorOutputs) {
    super(time);
    this.#next = next.rows;
    this.#batches = next.batches;
    this.#names = next.names;
    this.#guard = guard;
  }

  collectBatch(batch: ColumnBatch): void {
    this.#batches.give(batch);
  }

  collect(value: unknown, timestamp: number): void {
    if (this.#guard.isDue) {
      // Outside of the try: what is refused is the fault of the one that emits.
      this.#pass(this.#guard.inspect(value), timestamp);
    } else {
      this.#pass(value, timestamp);
    }
  }

  #pass(value: unknown, timestamp: number): void {
    try {
      this.#next.process(value, timestamp);
    } catch (error) {
      throw blame(error, this.#names);
    }
  }
}

/** Collects into one edge and nothing else. */
class EdgeOutput extends TimedOutput {
  readonly #writer: AnyWriter;

  constructor(writer: AnyWriter, time: OperatorOutputs) {
    super(time);
    this.#writer = writer;
  }

  collect(value: unknown, timestamp: number): void {
    this.#writer.write(value, timestamp);
  }

  collectBatch(batch: ColumnBatch): void {
    this.#writer.writeBatch(batch);
  }
}

class GuardedEdgeOutput extends TimedOutput {
  readonly #writer: AnyWriter;
  readonly #guard: ValueGuard;

  constructor(writer: AnyWriter, guard: ValueGuard, time: OperatorOutputs) {
    super(time);
    this.#writer = writer;
    this.#guard = guard;
  }

  collect(value: unknown, timestamp: number): void {
    if (this.#guard.isDue) this.#writer.write(this.#guard.inspect(value), timestamp);
    else this.#writer.write(value, timestamp);
  }

  collectBatch(batch: ColumnBatch): void {
    this.#writer.writeBatch(batch);
  }
}

class FanOutput extends TimedOutput {
  readonly next: readonly DirectOutput[];
  readonly writers: readonly AnyWriter[];
  readonly #guard: ValueGuard;

  constructor(
    to: { readonly next: readonly Follower[]; readonly writers: readonly AnyWriter[] },
    guard: ValueGuard,
    time: OperatorOutputs,
  ) {
    super(time);
    this.next = to.next.map((follower) => new DirectOutput(follower, time));
    this.writers = to.writers;
    this.#guard = guard;
  }

  collect(value: unknown, timestamp: number): void {
    const guard = this.#guard;
    const admitted = guard.admit(value);
    let isFirst = true;
    for (const output of this.next) {
      output.collect(isFirst ? admitted : guard.share(admitted), timestamp);
      isFirst = false;
    }
    for (const writer of this.writers) {
      writer.write(isFirst ? admitted : guard.share(admitted), timestamp);
      isFirst = false;
    }
  }

  collectBatch(batch: ColumnBatch): void {
    for (const output of this.next) output.collectBatch(batch);
    for (const writer of this.writers) writer.writeBatch(batch);
  }
}

const always = (): boolean => true;

export class OperatorChain {
  readonly links: readonly ChainLink[];
  readonly writers: readonly AnyWriter[];
  /** Of each link, through all of its outputs: the places of the operators that follow it, and its edges. */
  readonly #followers: readonly (readonly number[])[];
  readonly #edges: readonly (readonly AnyWriter[])[];
  readonly #outputs: readonly Output<unknown>[];
  readonly #emissions: TaskEmissions;
  readonly #guardMode: GuardMode;
  readonly #guards: ValueGuard[] = [];
  /** Of operators of columns that follow another: what gathers rows for them. */
  readonly #gatherers: (RowGatherer | undefined)[] = [];

  constructor(links: readonly ChainLink[], emissions: TaskEmissions, guardMode: GuardMode = "sampled") {
    this.links = links;
    this.#emissions = emissions;
    this.#guardMode = guardMode;
    this.#followers = links.map(({ description }) => description.outputs.flatMap(({ next }) => next));
    this.#edges = links.map(({ writers }) => writers.flat());
    this.writers = this.#edges.flat();
    this.#outputs = links.map((link, index) => this.#outputOf(link, index));
  }

  get head(): AnyOperator {
    return this.#link(0).operator;
  }

  /** Opens the last operators first, so that whoever emits while opening finds the others ready. */
  async open(hooks: HookCalls): Promise<void> {
    for (let index = this.links.length - 1; index >= 0; index--) {
      const { operator, context } = this.#link(index);
      await hooks.call(context, "open", () => operator.open?.(context, this.#outputs[index] as Output<unknown>));
    }
  }

  /** Another batch begins: of each operator the next value is checked (VG1). */
  checkNext(): void {
    for (let index = 0; index < this.#guards.length; index++) (this.#guards[index] as ValueGuard).checkNext();
  }

  /** What was gathered for the operator at `index`, and what it has not taken yet, goes into it, room or not (COJ3). */
  completeInput(index: number): void {
    this.#gatherers[index]?.flush();
    this.#emissions.drain(index);
  }

  /** What was gathered goes on (COJ3). True when there was something. */
  flushGathered(): boolean {
    let flushed = false;
    for (let index = 0; index < this.#gatherers.length; index++)
      if (this.#gatherers[index]?.flush() === true) flushed = true;
    return flushed;
  }

  /** A watermark came in at the head; then `reachHead` until it answers true, then `passWatermark`. */
  beginWatermark(timestamp: number): void {
    this.head.beforeWatermark?.(timestamp);
  }

  /** False when `mayGoOn` stopped it before all due timers of the head had fired, and it had emitted all. */
  reachHead(timestamp: number, mayGoOn: () => boolean): boolean {
    const { operator, context } = this.#link(0);
    if (context.keyed?.advanceWatermark(timestamp, mayGoOn) === false) return false;
    return operator.reachWatermark?.(timestamp, mayGoOn) ?? true;
  }

  passWatermark(timestamp: number): void {
    this.#passFrom(0, timestamp);
  }

  /** The input as a whole became idle or active. */
  forwardStatus(idle: boolean): void {
    this.#statusInto(0, idle);
  }

  /** A watermark that the head's own source made: it goes to what follows the head. */
  emitWatermark(index: number, timestamp: number): void {
    this.#emissions.drain(index + 1);
    for (const next of this.#followers[index] ?? []) this.#watermarkInto(next, timestamp);
    for (const writer of this.#edges[index] ?? []) writer.control({ kind: "watermark", timestamp });
  }

  emitStatus(index: number, idle: boolean): void {
    this.#emissions.drain(index + 1);
    for (const next of this.#followers[index] ?? []) this.#statusInto(next, idle);
    for (const writer of this.#edges[index] ?? []) writer.control({ kind: "status", idle });
  }

  get isWritable(): boolean {
    for (const writer of this.writers) if (!writer.isWritable) return false;
    return true;
  }

  /** Closes every operator; the first failure is thrown after all were tried. */
  async close(hooks: HookCalls): Promise<void> {
    let failure: unknown;
    for (const { operator, context } of this.links) {
      try {
        await hooks.call(context, "close", () => operator.close?.());
      } catch (error) {
        failure ??= error;
      }
    }
    for (const writer of this.writers) writer.close();
    if (failure !== undefined) throw failure;
  }

  #link(index: number): ChainLink {
    const link = this.links[index];
    assert(link !== undefined, `a chain of ${this.links.length} operators has no operator ${index}`);
    return link;
  }

  #outputOf(link: ChainLink, index: number): Output<unknown> {
    const around: OperatorOutputs = {
      emitWatermark: (timestamp) => this.emitWatermark(index, timestamp),
      emitStatus: (idle) => this.emitStatus(index, idle),
      sideOutput: (name) => {
        const place = link.description.outputs.findIndex(({ sideOutput }) => sideOutput === name);
        assert(
          place > 0,
          `operator "${link.context.name}", uid "${link.context.uid}", declares no side output "${name}"`,
        );
        return this.#collectorOf(link, place, around);
      },
    };
    return this.#collectorOf(link, 0, around);
  }

  /** Takes the records of one output of an operator. */
  #collectorOf(link: ChainLink, place: number, around: OperatorOutputs): Output<unknown> {
    const description = link.description.outputs[place] as OperatorOutput;
    const writers = link.writers[place] ?? [];
    // What only passes, or is made of what was admitted, needs no guard.
    const isOpen = link.operator.emits === "input" && place === 0;
    const guard = this.#guardOf(link, description, isOpen ? "open" : this.#guardMode);
    const next = description.next.map((follower) => this.#follower(follower, link, description));
    const [onlyNext] = next;
    const [onlyWriter] = writers;
    if (next.length === 1 && writers.length === 0 && onlyNext !== undefined)
      return isOpen ? new DirectOutput(onlyNext, around) : new GuardedDirectOutput(onlyNext, guard, around);
    if (next.length === 0 && writers.length === 1 && onlyWriter !== undefined)
      return isOpen ? new EdgeOutput(onlyWriter, around) : new GuardedEdgeOutput(onlyWriter, guard, around);
    return new FanOutput({ next, writers }, guard, around);
  }

  #follower(index: number, producer: ChainLink, { type }: OperatorOutput): Follower {
    const { operator, context } = this.#link(index);
    const isGathered = operator.processBatch !== undefined && operator.takesRows !== true;
    const gatherer = isGathered ? new RowGatherer(new ColumnBuilder(type), producer.context) : null;
    this.#gatherers[index] = gatherer ?? undefined;
    const joint = { operator, names: context, index, emissions: this.#emissions };
    return { rows: gatherer ?? operator, batches: entryOf(joint, gatherer), names: context };
  }

  #guardOf({ operator, context }: ChainLink, { type }: OperatorOutput, mode: GuardMode): ValueGuard {
    const source = `operator "${context.name}", uid "${context.uid}",`;
    const guard = new ValueGuard(source, type, mode, operator.emits === "state");
    this.#guards.push(guard);
    return guard;
  }

  #watermarkInto(index: number, timestamp: number): void {
    const { operator, context } = this.#link(index);
    if (this.#gatherers[index] !== undefined) this.completeInput(index);
    operator.beforeWatermark?.(timestamp);
    context.keyed?.advanceWatermark(timestamp);
    operator.reachWatermark?.(timestamp, always);
    this.#passFrom(index, timestamp);
  }

  #passFrom(index: number, timestamp: number): void {
    const { operator } = this.#link(index);
    operator.onWatermark?.(timestamp);
    if (operator.ownsWatermarks === "all") return;
    if (operator.ownsWatermarks === true && timestamp < MAX_WATERMARK) return;
    this.emitWatermark(index, timestamp);
  }

  #statusInto(index: number, idle: boolean): void {
    const { operator } = this.#link(index);
    if (this.#gatherers[index] !== undefined) this.completeInput(index);
    if (operator.ownsWatermarks === undefined) this.emitStatus(index, idle);
    else operator.onStatus?.(idle);
  }
}
