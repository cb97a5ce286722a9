/**
 * Owns: transactions of Kafka as text and as values; what a checkpoint says of one.
 */
import type { LeftTransaction } from "../../runtime/connectors/kafka/administration.ts";
import { formatTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { NamedByCheckpoint } from "./checkpoint-transactions.ts";

/**
 * named: the checkpoint holds this very transaction, so it is to be committed. other epoch: it holds an earlier one of the id, which this one
 * came after. not named: it does not hold it, so it is to be aborted.
 */
export type Standing = "named" | "other epoch" | "not named" | "unknown";

export function standingOf(
  { transactionalId, producerId, epoch }: LeftTransaction,
  checkpoint: NamedByCheckpoint | null,
): Standing {
  if (checkpoint === null) return "unknown";
  const named = checkpoint.named.get(transactionalId);
  if (named === undefined) return "not named";
  return named.producerId === producerId && named.epoch === epoch ? "named" : "other epoch";
}

export const textOf = ({ transactionalId, producerId, epoch }: LeftTransaction): string =>
  `${transactionalId} (producer ${producerId}, epoch ${epoch})`;

export function showTransactions(
  terminal: Terminal,
  found: readonly LeftTransaction[],
  checkpoint: NamedByCheckpoint | null,
): void {
  const nowMs = terminal.clock.nowMs();
  const inCheckpoint = checkpoint === null ? [] : [`CHECKPOINT ${checkpoint.checkpointId}`];
  const heading = ["TRANSACTIONAL ID", "STATE", "PRODUCER", "EPOCH", "AGE", ...inCheckpoint, "JOB", "PARTITIONS"];
  const rows = found.map((each) => [
    each.transactionalId,
    each.state,
    String(each.producerId),
    String(each.epoch),
    ageText(each, nowMs),
    ...(checkpoint === null ? [] : [standingOf(each, checkpoint)]),
    each.owner === null ? "-" : each.owner.jobName,
    partitionsText(each) || "-",
  ]);
  for (const line of formatTable([heading, ...rows], terminal.columns)) terminal.out(line);
}

export function transactionsAsValue(
  found: readonly LeftTransaction[],
  checkpoint: NamedByCheckpoint | null,
  nowMs: number,
): object {
  return {
    ...(checkpoint === null ? {} : { checkpointId: checkpoint.checkpointId }),
    items: found.map((each) => ({
      id: each.transactionalId,
      state: each.state,
      isOpen: each.isOpen,
      producerId: each.producerId,
      epoch: each.epoch,
      startedMs: each.startedMs < 0 ? null : each.startedMs,
      ageMs: each.isOpen && each.startedMs >= 0 ? Math.max(0, nowMs - each.startedMs) : null,
      timeoutMs: each.timeoutMs,
      ...(checkpoint === null ? {} : { checkpoint: standingOf(each, checkpoint) }),
      job: each.owner === null ? null : { id: each.owner.job, name: each.owner.jobName },
      partitions: each.partitions,
    })),
  };
}

function ageText({ isOpen, startedMs }: LeftTransaction, nowMs: number): string {
  if (!isOpen || startedMs < 0) return "-";
  const seconds = Math.max(0, Math.round((nowMs - startedMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3600)}h`;
}

/** `orders-0,1,5 totals-2` */
function partitionsText({ partitions }: LeftTransaction): string {
  const topics = Map.groupBy(partitions, ({ topic }) => topic);
  return [...topics]
    .map(
      ([topic, some]) =>
        `${topic}-${some
          .map(({ partition }) => partition)
          .toSorted((a, b) => a - b)
          .join(",")}`,
    )
    .join(" ");
}
