/** Room `memory`: memory segments and their pools. */
export { SEGMENT_BYTES, SegmentPool } from "./segment-pool.ts";
