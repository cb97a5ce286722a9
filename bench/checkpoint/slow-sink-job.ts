/**
 * The job of the checkpoint bench under backpressure: a source as fast as it can of small records behind a sink that waits 10 ms
 * for each. Arguments: "true" or "false": whether what is under way is bounded by time.
 */
import { setTimeout as wait } from "node:timers/promises";
import { job, type PlainSink, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";

const WRITE_MS = 10;

const slowSink: PlainSink<number> = {
  kind: "sink",
  name: "slow",
  guarantee: "at-least-once",
  createWriter: () => ({ write: () => wait(WRITE_MS) }),
};

export default job((env) => {
  // Checkpoints come when the bench asks for one.
  env.configure({ name: "bench-backpressure", checkpoints: { interval: "1h" }, restart: { strategy: "none" } });
  env
    .fromSource(generatorSource({ generate: (number) => number, type: t.int64 }), { uid: "numbers" })
    .rebalance()
    .sinkTo(slowSink, { uid: "slow" });
});
