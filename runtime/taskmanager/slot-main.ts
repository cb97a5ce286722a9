/**
 * Owns: the entry of a slot's thread: joins its messages with a SlotHost.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert, createLog, systemClock, toErrorInfo } from "../base/index.ts";
import { SlotHost } from "./slot-host.ts";
import type { FromSlot, SlotStart, ToSlot } from "./slot-messages.ts";

const port = parentPort;
assert(port !== null, "slot-main runs as a worker thread");
const start = workerData as SlotStart;
const log = createLog({ process: "taskmanager", taskManager: start.taskManagerId, slot: start.slot });
const send = (message: FromSlot): void => port.postMessage(message);

const host = await SlotHost.open({
  start,
  clock: systemClock,
  log,
  send: (message) => send({ kind: "toJobManager", message }),
});
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
      send({ kind: "metrics", metrics: host.metrics() });
      return;
    case "close":
      await host.close();
      port?.close();
  }
}
