/** Owns: what the state of a transaction, as its coordinator tells it, means for readers. */
import type { KnownTransaction } from "./kafka-client.ts";

/** Of the others, as `CompleteCommit` and `Empty`, nothing is left to do. */
const underWay: ReadonlySet<string> = new Set(["Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence"]);

/** Whether it is open, or its coordinator is still to write its markers: it holds back readers of committed records. */
export const isUnderWay = ({ state }: Pick<KnownTransaction, "state">): boolean => underWay.has(state);
