/**
 * A line a second, numbered, with every option of checkpoints set in code.
 *
 *   streamjob run examples/02-checkpoints/job.ts -- [--checkpoints <folder>] [--rate <lines a second>] [--lines <n>] [--output <folder>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { generatorSource, printSink } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

const Line = t.record({ text: t.string, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      checkpoints: { type: "string" },
      rate: { type: "string", default: "1" },
      lines: { type: "string" },
      output: { type: "string" },
    },
  });

  env.configure({
    name: "checkpoints",
    // Snapshots of state go to the checkpoint directory; "memory" keeps them in the JobManager, up to 5 MB a state.
    stateBackend: "fs",
    checkpoints: {
      // From the start of one to the start of the next.
      interval: "1s",
      // Each record counts once in the state; "at-least-once" spares the waiting for barriers and may count some twice.
      mode: "exactly-once",
      // Between the end of one and the start of the next: time for the job's own work when checkpoints take long.
      minPause: "500 ms",
      // One that takes longer is given up.
      timeout: "60s",
      // In progress at the same time.
      maxConcurrent: 1,
      // A checkpoint that fails does not restart the job. The same as `tolerableFailures: "unlimited"`.
      failOnCheckpointingErrors: false,
      // A cancelled job leaves its checkpoints, so that it can be resumed from them; "delete" removes them.
      retention: "retain",
      // Of the completed ones the newest so many are kept.
      retain: { count: 2 },
      // The same as -D execution.checkpointing.dir=…; absent: the runner's own folder.
      ...(values.checkpoints === undefined ? {} : { storage: { path: values.checkpoints } }),
    },
    restart: { strategy: "fixed-delay", attempts: 3, delay: "1s" },
  });

  env
    .fromSource(
      generatorSource({
        generate: () => ({ text: "hello", count: 1 }),
        type: Line,
        ratePerSecond: Number(values.rate),
        count: values.lines === undefined ? undefined : Number(values.lines),
      }),
      { uid: "lines" },
    )
    .keyBy("text")
    .sum("count", { uid: "counts" })
    .map(({ text, count }) => `${text} ${count}`, { uid: "texts", type: t.string })
    .sinkTo(values.output === undefined ? printSink() : filesSink({ directory: values.output }), { uid: "out" });
});
