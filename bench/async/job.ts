/**
 * The job of the async bench: numbers are looked up outside, many at a time. Arguments: records, folder for reports, checkpoint interval, latency
 * and capacity, order.
 */
import { type AsyncOrder, job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { measuringSink } from "../word-count/measuring-sink.ts";
import { Outside } from "./outside.ts";

const Answer = t.record({ word: t.string, count: t.int64 });
const NAMES = 10_000;

export default job((env) => {
  const [records, folder, interval, latency, capacity, order] = env.args as string[] as [
    string,
    string,
    string,
    string,
    string,
    AsyncOrder,
  ];
  env.configure({ name: "bench-async", checkpoints: { interval: Number(interval), mode: "exactly-once" } });
  env
    .fromSource(generatorSource({ generate: (number) => number, count: Number(records), type: t.int64 }), {
      uid: "numbers",
    })
    .mapAsync(
      {
        open: () => new Outside(Number(latency)),
        invoke: (number: number, { resource }) =>
          resource.ask(() => ({ word: `name-${number % NAMES}`, count: number % 7 })),
        close: (outside: Outside) => outside.close(),
      },
      { uid: "lookup", type: Answer, capacity: Number(capacity), order, timeout: "1 min" },
    )
    .sinkTo(measuringSink(folder), { uid: "measure" });
});
