/**
 * Owns: one end of the channel that is measured (or both): a slot's exchange and loop, with a task that does nothing but
 * write records, or take them. Entry of a thread or of a process; exchange.ts starts it (ends.ts).
 *
 * EN1 Everything between the two tasks is the engine's own: writer, batches, codec, ring or socket, credit, doorbells, turns.
 * EN2 A window begins WARM_UP_MS after the first record; each end has its own, and all of it lies in the time of full flow.
 */
import { parentPort } from "node:worker_threads";
import { onNextTurn, silentLog, systemClock, taskManagerId } from "../../base/index.ts";
import { type ChannelReceiver, type ChannelSender, ForwardWriter } from "../../runtime/exchange/index.ts";
import { NO_TIMESTAMP } from "../../runtime/record/index.ts";
import { SlotExchange } from "../../runtime/taskmanager/slot-exchange.ts";
import { type LoopTask, SlotLoop } from "../../runtime/taskmanager/slot-loop.ts";
import { openIdentity } from "../../security/index.ts";
import { JOB_ID } from "./identity.ts";
import type { FromEnd, Passed, ToEnd } from "./end-messages.ts";
import { recordsOf } from "./records.ts";

const WARM_UP_MS = 1000;
const BUFFER_TIMEOUT_MS = 100;
const SLOTS = 2;
const KEY = "bench";

type Open = Extract<ToEnd, { kind: "open" }>;
type Run = Extract<ToEnd, { kind: "run" }>;

/** Watches what passes until its window is full, then tells once. */
class Meter {
  readonly #measureMs: number;
  readonly #tell: (passed: Passed) => void;
  #firstMs: number | null = null;
  #start: {
    readonly ms: number;
    readonly cpu: NodeJS.CpuUsage;
    readonly records: number;
    readonly bytes: number;
  } | null = null;
  #isTold = false;

  constructor(measureMs: number, tell: (passed: Passed) => void) {
    this.#measureMs = measureMs;
    this.#tell = tell;
  }

  /** Totals so far; called after every piece of work. */
  look(records: number, bytes: number): void {
    if (this.#isTold) return;
    const nowMs = performance.now();
    this.#firstMs ??= nowMs;
    if (this.#start === null) {
      if (nowMs - this.#firstMs >= WARM_UP_MS)
        this.#start = { ms: nowMs, cpu: process.threadCpuUsage(), records, bytes };
      return;
    }
    if (nowMs - this.#start.ms < this.#measureMs) return;
    this.#isTold = true;
    const { user, system } = process.threadCpuUsage(this.#start.cpu);
    this.#tell({
      records: records - this.#start.records,
      bytes: bytes - this.#start.bytes,
      seconds: (nowMs - this.#start.ms) / 1000,
      cpuSeconds: (user + system) / 1e6,
    });
  }
}

/** Writes records as long as the channel takes them. */
class SendingTask implements LoopTask {
  readonly #writer: ForwardWriter<unknown>;
  readonly #values: readonly unknown[];
  readonly #meter: Meter | null;
  #place = 0;
  #isFull = false;

  constructor(sender: ChannelSender<unknown>, values: readonly unknown[], meter: Meter | null) {
    this.#writer = new ForwardWriter([sender]);
    this.#writer.onFull = () => (this.#isFull = true);
    this.#values = values;
    this.#meter = meter;
  }

  get hasWork(): boolean {
    return this.#writer.isWritable;
  }

  step(deadlineMs: number): boolean {
    if (!this.#writer.isWritable) return false;
    this.#isFull = false;
    const mask = this.#values.length - 1;
    while (!this.#isFull) {
      this.#writer.write(this.#values[this.#place], NO_TIMESTAMP);
      this.#place = (this.#place + 1) & mask;
      if ((this.#place & 127) === 0 && systemClock.monotonicMs() >= deadlineMs) break;
    }
    this.#meter?.look(this.#writer.recordsWritten, this.#writer.bytesWritten);
    return true;
  }

  flush(): boolean {
    return this.#writer.flush();
  }
}

/** Takes records and counts them. */
class ReceivingTask implements LoopTask {
  readonly #receiver: ChannelReceiver<unknown>;
  readonly #meter: Meter;
  #records = 0;

  constructor(receiver: ChannelReceiver<unknown>, meter: Meter) {
    this.#receiver = receiver;
    this.#meter = meter;
  }

  get hasWork(): boolean {
    return this.#receiver.hasNext;
  }

  step(deadlineMs: number): boolean {
    let worked = false;
    for (let element = this.#receiver.next(); element !== null; element = this.#receiver.next()) {
      worked = true;
      if (element.kind === "batch") this.#records += element.batch.rows.length;
      if (systemClock.monotonicMs() >= deadlineMs) break;
    }
    if (worked) this.#meter.look(this.#records, this.#receiver.bytesReceived);
    return worked;
  }

  flush(): boolean {
    return false;
  }
}

type Slot = { readonly exchange: SlotExchange; readonly loop: SlotLoop };

async function openSlot({ slot, taskManagerId: id, identity, shared }: Open): Promise<Slot> {
  const sleeping = new Int32Array(shared?.sleeping ?? new SharedArrayBuffer(4 * SLOTS));
  const wake = (): void => loop.wake();
  const exchange = await SlotExchange.open({
    jobId: JOB_ID,
    slot,
    taskManagerId: taskManagerId(id),
    host: "127.0.0.1",
    sleeping,
    wake,
    security:
      identity === null
        ? null
        : {
            identity: openIdentity(identity, { clock: systemClock, log: silentLog }),
            expected: { jobId: JOB_ID, role: "taskmanager" },
            clock: systemClock,
            log: silentLog,
          },
  });
  const loop = new SlotLoop({
    clock: systemClock,
    onNextTurn,
    sleeping,
    slot,
    pump: () => exchange.pump(),
    bufferTimeoutMs: () => BUFFER_TIMEOUT_MS,
  });
  if (shared !== null) exchange.setPeer(shared.peer, shared.port);
  return { exchange, loop };
}

async function run({ exchange, loop }: Slot, { role, peer, records, measureMs }: Run): Promise<void> {
  const { type, values } = recordsOf(records);
  const events = {
    wake: () => loop.wake(),
    onFailure: (error: Error) => send({ kind: "failed", reason: error.message }),
  };
  const newMeter = (): Meter => new Meter(measureMs, (passed) => send({ kind: "measured", passed }));
  if (role !== "receive") {
    const sender = exchange.openSender(KEY, peer, type, events);
    // With both ends in one thread the receiver's meter tells of all of it.
    loop.add(new SendingTask(sender, values, role === "both" ? null : newMeter()));
  }
  if (role !== "send") loop.add(new ReceivingTask(await exchange.openReceiver(KEY, peer, type, events), newMeter()));
}

function send(message: FromEnd): void {
  if (parentPort === null) process.send?.(message);
  else parentPort.postMessage(message);
}

let opened: Slot | null = null;

async function handle(message: ToEnd): Promise<void> {
  if (message.kind === "open") {
    opened = await openSlot(message);
    send({ kind: "listening", dataPort: opened.exchange.dataPort });
  } else if (opened !== null) {
    await run(opened, message);
  }
}

const onMessage = (message: ToEnd): void => {
  handle(message).catch((error: unknown) => send({ kind: "failed", reason: String(error) }));
};
if (parentPort === null) process.on("message", onMessage);
else parentPort.on("message", onMessage);
