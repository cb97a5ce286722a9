/** Room `spill`: rows of bounded inputs that memory does not hold: in files, sorted, and in parts. */
export { ExternalSorter } from "./external-sorter.ts";
export { LEVELS_MAX, PartitionedRows, type RowPart } from "./partitioned-rows.ts";
export { RowLog } from "./row-log.ts";
export { bytesOfRows, bytesOfValue } from "./row-memory.ts";
export type { RowOrder } from "./row-order.ts";
export { SteppedWork } from "./stepped-work.ts";
