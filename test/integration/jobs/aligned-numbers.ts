/** Two endless sources of one alignment group: one gets on a thousand times as fast as the other, in event time. */
import { forMonotonousTimestamps, job, t } from "streamjob";
import { discardSink, generatorSource } from "streamjob/connectors/basic";

export default job((env) => {
  env.configure({ name: "aligned-numbers" });
  for (const [uid, step] of [
    ["fast", 1000],
    ["slow", 1],
  ] as const) {
    const source = generatorSource({ generate: (index) => index * step, ratePerSecond: 200, type: t.int64 });
    const watermarks = forMonotonousTimestamps((time: number) => time).withWatermarkAlignment("both", "5s");
    env.fromSource(source, { uid, name: uid, watermarks }).sinkTo(discardSink(), { uid: `${uid}-out` });
  }
});
