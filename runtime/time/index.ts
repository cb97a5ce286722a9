/** Room `time` (pure): event time: how watermarks are made from records, merged over inputs, and when an input is idle. */
export { SplitWatermarks } from "./split-watermarks.ts";
export { type TimeChange, WatermarkMerger } from "./watermark-merger.ts";
export {
  forBoundedOutOfOrderness,
  forMonotonousTimestamps,
  forOwnWatermarks,
  noWatermarks,
  type TimestampOf,
  type WatermarkAlignmentSettings,
  type WatermarkGenerator,
  type WatermarkStrategy,
} from "./watermark-strategy.ts";
