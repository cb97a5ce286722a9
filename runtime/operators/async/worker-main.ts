/**
 * Owns: a thread of a pool (worker-threads.ts): loads the module, and calls its function for one value after the other.
 *
 * WOM1 What the module posts by itself goes nowhere: calls and answers have a port of their own.
 */
import { type MessagePort, workerData } from "node:worker_threads";
import { thrownText } from "../../../base/index.ts";
import type { FromWorker, WorkerStart } from "./worker-threads.ts";

const { module, port } = workerData as WorkerStart & { readonly port: MessagePort };

const { default: exported } = (await import(module)) as { readonly default?: unknown };
if (typeof exported !== "function") {
  throw new Error(`its default export is ${typeof exported}; write: export default (value) => …`);
}
const call = exported as (value: unknown) => unknown;

port.on("message", (value: unknown) => void answer(value));
tell({ kind: "ready" });

async function answer(value: unknown): Promise<void> {
  try {
    tell({ kind: "answer", answer: await call(value) });
  } catch (error) {
    tellFailure(error);
  }
}

function tellFailure(error: unknown): void {
  try {
    tell({ kind: "failed", error });
  } catch {
    // It holds what cannot be sent, such as a function: its words can.
    tell({
      kind: "failed",
      error: new Error(error instanceof Error ? (error.stack ?? error.message) : thrownText(error)),
    });
  }
}

function tell(message: FromWorker): void {
  port.postMessage(message);
}
