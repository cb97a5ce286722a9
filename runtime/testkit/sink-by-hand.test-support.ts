/** Owns: what a test needs to drive a writer of a sink by hand: its context, and a transaction as a checkpoint gives it back. */
import { silentLog, systemClock } from "../../base/index.ts";
import { MetricRegistry } from "../metrics/index.ts";
import type { SinkContext, TransactionWriter } from "../ports/index.ts";
import { decodeValues, encodeValues, t } from "../record/index.ts";

/** Of the only subtask of a job in its first attempt, but for what `where` says. */
export function sinkContext(where: Partial<SinkContext> = {}): SinkContext {
  const { name = "sink", uid = "sink", clock = systemClock, log = silentLog } = where;
  return {
    name,
    uid,
    jobId: "0".repeat(32),
    jobName: "job",
    subtask: 0,
    parallelism: 1,
    epoch: 1,
    attempt: 1,
    clock,
    log,
    metrics: new MetricRegistry({ name, uid, clock, log }),
    ...where,
  };
}

/** A transaction with these values, prepared, as it comes back from a checkpoint. */
export async function prepared<T, X>(
  writer: Pick<TransactionWriter<T, X>, "begin" | "write" | "prepare">,
  values: readonly T[],
  timestamp = 0,
): Promise<X> {
  const transaction = await writer.begin();
  for (const value of values) await writer.write(transaction, value, timestamp);
  return throughCheckpoint(await writer.prepare(transaction));
}

export const throughCheckpoint = <X>(transaction: X): X =>
  decodeValues(t.any, encodeValues(t.any, [transaction]))[0] as X;
