import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors";
export default job((env) => {
  env.configure({ name: "tiny", checkpoints: { interval: "1s" } });
  env
    .fromSource(generatorSource({ generate: (n) => `w${n % 3}`, count: 400, ratePerSecond: 20, type: t.string }), {
      uid: "s",
    })
    .map((word) => ({ word, count: 1 }), { type: t.record({ word: t.string, count: t.int64 }) })
    .keyBy("word")
    .reduce((a, b) => ({ word: a.word, count: a.count + b.count }), { uid: "r" })
    .print({ uid: "p" });
});
