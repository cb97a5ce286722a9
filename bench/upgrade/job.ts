/**
 * The word count whose upgrade is timed: words at a fixed rate, a count by word, each count noted. Arguments: rate, folder, version, and
 * a number of keys: of so many words each has a row of 100 bytes in state, put there at the start. Without it: 10,000 small counts.
 */
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { timingSink } from "./timing-sink.ts";

const WORDS = 10_000;
const TEXT_CHARS = 92;
/** With a number of keys: an integer of 8 bytes, and a text of 92. */
const Count = t.record({ word: t.string, count: t.int64 });
const Row = t.record({ word: t.string, count: t.int64, text: t.string });

export default job((env) => {
  const [rate, folder, version, keys] = env.args as [string, string, string, string | undefined];
  const words = keys === undefined ? WORDS : Number(keys);
  const sink = timingSink(folder, version);
  const updates = env.fromSource(
    generatorSource({
      generate: (index) => `word-${(Math.imul(index, 2_654_435_761) >>> 0) % words}`,
      type: t.string,
      ratePerSecond: Number(rate),
    }),
    { uid: "words" },
  );
  if (keys === undefined) {
    updates
      .map((word) => ({ word, count: 1 }), { uid: "ones", type: Count })
      .keyBy("word")
      .sum("count", { uid: "counts" })
      .sinkTo(sink, { uid: "timing" });
    return;
  }
  env
    .fromSource(generatorSource({ generate: (index) => `word-${index}`, count: words, type: t.string }), {
      uid: "fill",
    })
    .union(updates)
    .map((word) => ({ word, count: 1, text: word.padEnd(TEXT_CHARS, ".") }), { uid: "ones", type: Row })
    .keyBy("word")
    .reduce((sum, { count }) => ({ ...sum, count: sum.count + count }), { uid: "counts" })
    .sinkTo(sink, { uid: "timing" });
});
