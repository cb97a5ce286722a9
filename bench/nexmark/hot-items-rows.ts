/** q5 over rows, as a job with lambdas: a count of each auction and slice, and a timer for each window that has the auction. */
import { type DataStream, forMonotonousTimestamps, list, map, t } from "streamjob";
import type { Bid } from "./bids.ts";
import { HotItem } from "./bid-counts.ts";
import type { HotItemWindows } from "./hot-items.ts";

export function hotItemsOfRows(bids: DataStream<Bid>, { sizeMs, slideMs }: HotItemWindows): DataStream<HotItem> {
  return bids
    .assignTimestampsAndWatermarks(
      forMonotonousTimestamps<Bid>(({ dateTime }) => dateTime),
      { uid: "times" },
    )
    .keyBy("auction")
    .process(
      {
        state: { slices: map(t.int64, t.int64) },
        process({ dateTime }, { state: { slices }, timers, watermark }) {
          const end = (Math.floor(dateTime / slideMs) + 1) * slideMs;
          if (end + sizeMs - slideMs - 1 <= watermark) return;
          slices.put(end, (slices.get(end) ?? 0) + 1);
          for (let window = end; window < end + sizeMs; window += slideMs) timers.registerEventTime(window - 1);
        },
        onTimer(time, { state: { slices }, currentKey, out }) {
          const windowEnd = time + 1;
          let count = 0;
          for (const [end, own] of slices.entries()) if (end > windowEnd - sizeMs && end <= windowEnd) count += own;
          slices.remove(windowEnd - sizeMs + slideMs);
          if (count > 0) out.collect({ windowEnd, auction: currentKey, bids: count });
        },
      },
      { uid: "counts", type: HotItem },
    )
    .keyBy("windowEnd")
    .process(
      {
        state: { items: list(HotItem) },
        process(item, { state: { items }, timers }) {
          const most = items.get()[0]?.bids ?? 0;
          if (item.bids > most) items.update([item]);
          if (item.bids === most) items.add(item);
          timers.registerEventTime(item.windowEnd - 1);
        },
        onTimer(_time, { state: { items }, out }) {
          for (const item of items.get()) out.collect(item);
          items.clear();
        },
      },
      { uid: "hottest", type: HotItem },
    );
}
