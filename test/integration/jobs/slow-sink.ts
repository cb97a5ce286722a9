/**
 * A source as fast as it can behind a sink that waits 10 ms for each record, with an exchange in between: 100 records a second for
 * each subtask of the sink.
 */
import { setTimeout as wait } from "node:timers/promises";
import { job, type PlainSink, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";

const WRITE_MS = 10;

const slowSink: PlainSink<{ readonly number: number; readonly text: string }> = {
  kind: "sink",
  name: "slow",
  guarantee: "at-least-once",
  createWriter: () => ({ write: () => wait(WRITE_MS) }),
};

export default job((env) => {
  env.configure({ name: "slow-sink", checkpoints: { interval: "1s" } });
  env
    .fromSource(
      generatorSource({
        generate: (number) => ({ number, text: `record ${number}` }),
        type: t.record({ number: t.int64, text: t.string }),
      }),
      { uid: "numbers" },
    )
    .rebalance()
    .sinkTo(slowSink, { uid: "slow" });
});
