/** The word count whose upgrade is timed: words at a fixed rate, a count by word, each count noted. Arguments: rate, folder, version. */
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { timingSink } from "./timing-sink.ts";

const WORDS = 10_000;
const Count = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const [rate, folder, version] = env.args as [string, string, string];
  env
    .fromSource(
      generatorSource({
        generate: (index) => `word-${(Math.imul(index, 2_654_435_761) >>> 0) % WORDS}`,
        type: t.string,
        ratePerSecond: Number(rate),
      }),
      { uid: "words" },
    )
    .map((word) => ({ word, count: 1 }), { uid: "ones", type: Count })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .sinkTo(timingSink(folder, version), { uid: "timing" });
});
