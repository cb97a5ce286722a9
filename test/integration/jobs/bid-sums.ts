/**
 * The job of the process tests over columns: bids in columns, their prices converted in columns, over an edge by key in columns, then added up for
 * each bidder over rows: `1003 908000` is what bidder 1003 has bid so far. What was released is overwritten (CBA1).
 *
 *   -- --count <bids> --rate <bids a second of each reader> --output <folder>
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink } from "streamjob/connectors/files";
import { bid, bidSource } from "../../../bench/nexmark/bids.ts";
import { bidInEuros, bidsInEuros } from "../../../bench/nexmark/queries.ts";
import { debugColumns } from "../../../runtime/record/index.ts";

/** What each bidder has bid in the end, made without the engine. */
export function expectedSums(count: number): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const { bidder, price } = bidInEuros(bid(index));
    sums.set(String(bidder), (sums.get(String(bidder)) ?? 0) + price);
  }
  return sums;
}

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "1000" },
      output: { type: "string", default: "output" },
    },
  });
  debugColumns(true);
  env.configure({
    name: "bid-sums",
    checkpoints: { interval: "300 ms" },
    restart: { strategy: "fixed-delay", attempts: 10_000, delay: "50 ms" },
  });
  bidsInEuros(env.fromSource(bidSource(Number(values.count), Number(values.rate)), { uid: "bids" }))
    .keyBy("bidder")
    .sum("price", { uid: "sums" })
    .map(({ bidder, price }) => `${bidder} ${price}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
