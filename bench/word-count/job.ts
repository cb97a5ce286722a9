/** The word count of the bench: arguments are the number of lines, the folder for reports, and the checkpoint interval. */
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors";
import { line } from "./lines.ts";
import { measuringSink } from "./measuring-sink.ts";

const Count = t.record({ word: t.string, count: t.int64 });

export default job((env) => {
  const [lines, folder, interval] = env.args as [string, string, string];
  env.configure({ name: "bench-word-count", checkpoints: { interval: Number(interval), mode: "exactly-once" } });
  env
    .fromSource(generatorSource({ generate: line, count: Number(lines), type: t.string }), { uid: "lines" })
    .flatMap(
      (text, collect) => {
        for (const word of text.split(" ")) collect({ word, count: 1 });
      },
      { uid: "words", type: Count },
    )
    .keyBy((value) => value.word)
    .reduce((left, right) => ({ word: left.word, count: left.count + right.count }), { uid: "counts" })
    .sinkTo(measuringSink(folder), { uid: "measure" });
});
