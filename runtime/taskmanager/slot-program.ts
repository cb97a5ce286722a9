/**
 * Owns: the program of a slot's thread: joins its messages with a SlotHost, and keeps the thread from harm by the job's code.
 *
 * SLM4 The engine has a port of its own. The job's code may post to `parentPort` what it likes: the other side ignores it.
 * SLM6 A closed thread ends by itself when nothing is open in it. Whether something is, it knows alone: an overloaded machine is slow to end
 *     a thread, too.
 * SLM5 An error that nobody handled, or an attempt to end the process, fails the task whose code it is, not the thread (COO1).
 */
import { type MessagePort, workerData } from "node:worker_threads";
import { createLog, ifStillAlive, observeThread, systemClock, toErrorInfo } from "../../base/index.ts";
import { refuseToEnd, type Stray } from "./code-owner.ts";
import { freezeIntrinsics } from "./frozen-intrinsics.ts";
import { watchHeap } from "./heap-watch.ts";
import { SlotHost } from "./slot-host.ts";
import type { FromSlot, SlotStart, ToSlot } from "./slot-messages.ts";

const { start, port } = workerData as { readonly start: SlotStart; readonly port: MessagePort };
const log = createLog({ process: "taskmanager", taskManagerId: start.taskManagerId, slot: start.slot });
const readThread = observeThread();
// Own references: code of the job could reach the prototypes before they are fixed.
const post = port.postMessage.bind(port);
const send = (message: FromSlot): void => post(message);
/** Time for the last lines that the job's code has written. */
const LINGER_MS = 500;
const openResources = process.getActiveResourcesInfo.bind(process);

const host = await SlotHost.open({
  start,
  clock: systemClock,
  log,
  send: (message) => send({ kind: "toJobManager", message }),
  onLoaded: ({ configuration }) => {
    if (configuration.frozenIntrinsics) freezeIntrinsics();
  },
});
guardProcess();
watchHeap(log);
port.on("message", (message: ToSlot) => {
  handle(message).catch((error: unknown) => send({ kind: "broken", error: toErrorInfo(error) }));
});
send({ kind: "listening", dataPort: host.exchange.dataPort });

async function handle(message: ToSlot): Promise<void> {
  switch (message.kind) {
    case "peer":
      host.exchange.setPeer(message.slot, message.port);
      return;
    case "fromJobManager":
      return host.handle(message.message);
    case "dropTasks":
      await host.dropTasks();
      send({ kind: "dropped" });
      return;
    case "reportMetrics":
      send({ kind: "metrics", metrics: host.metrics(), thread: readThread(), segments: host.exchange.segments });
      return;
    case "close":
      await host.close();
      // Neither keeps the thread (SLM6).
      port.unref();
      ifStillAlive(LINGER_MS, () => send({ kind: "lingering", open: openResources() }));
  }
}

/** SLM5. `process.abort`, `chdir` and their like throw in a thread by themselves. */
function guardProcess(): void {
  const kill = process.kill.bind(process);
  process.exit = (code) => refuseToEnd(`process.exit(${code ?? ""})`);
  process.kill = (pid, signal) =>
    pid === process.pid && signal !== 0 ? refuseToEnd(`process.kill(${pid})`) : kill(pid, signal);
  const onStray = (error: unknown, kind: Stray): void => {
    if (!host.onStray(error, kind)) send({ kind: "broken", error: toErrorInfo(error) });
  };
  process.on("unhandledRejection", (error) => onStray(error, "rejection"));
  process.on("uncaughtException", (error) => onStray(error, "exception"));
}
