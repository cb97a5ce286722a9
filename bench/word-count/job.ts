/** The word count of the bench: arguments are the number of lines, the folder for reports, and the checkpoint interval. */
import { type Emitter, job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { line } from "./lines.ts";
import { measuringSink } from "./measuring-sink.ts";

const Count = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const [lines, folder, interval] = env.args as [string, string, string];
  env.configure({ name: "bench-word-count", checkpoints: { interval: Number(interval), mode: "exactly-once" } });
  env
    .fromSource(generatorSource({ generate: line, count: Number(lines), type: t.string }), { uid: "lines" })
    .flatMap(splitOnSpaces, { uid: "words", type: Count })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .sinkTo(measuringSink(folder), { uid: "measure" });
});

// Cutting by indexOf measured a quarter faster than split(" "), which makes an array first; the Flink peer tried both as well.
function splitOnSpaces(text: string, out: Emitter<{ word: string; count: number }>): void {
  let from = 0;
  for (let to = text.indexOf(" "); to >= 0; to = text.indexOf(" ", from)) {
    out.collect({ word: text.substring(from, to), count: 1 });
    from = to + 1;
  }
  out.collect({ word: text.substring(from), count: 1 });
}
