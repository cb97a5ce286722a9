/** A Nexmark query over columns or rows: arguments are the query, the form, the number of bids, the folder for reports, the checkpoint interval. */
import { type DataStream, job } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { Bid, bid, bidSource } from "./bids.ts";
import { checkingSink } from "./checking-sink.ts";
import { type Query, queries } from "./queries.ts";

export default job((env) => {
  const [name, form, count, folder, interval] = env.args as [string, "rows" | "columns", string, string, string];
  const query = queries[name] as Query;
  env.configure({ name: `bench-nexmark-${name}`, checkpoints: { interval: Number(interval), mode: "exactly-once" } });
  if (form === "rows") {
    const source = generatorSource({
      generate: bid,
      count: Number(count),
      type: Bid,
      timestampOf: ({ dateTime }) => dateTime,
    });
    (query.rows(env.fromSource(source, { uid: "bids" })) as DataStream<object>).sinkTo(checkingSink(folder, form), {
      uid: "check",
    });
    return;
  }
  const bids = env.fromSource(bidSource(Number(count)), { uid: "bids" });
  (query.columns(bids) as DataStream<object>).sinkTo(checkingSink(folder, form), { uid: "check" });
});
