/**
 * A source that fails after every 5th number, and a restart strategy that bears three failures.
 *
 *   streamjob run examples/03-restart/job.ts -- without-offset | with-offset [--delay <time>] [--every <ms>] [--numbers <n>] [--output <folder>]
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { printSink } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { failingSource } from "./failing-source.ts";

export default job((env) => {
  const { values, positionals } = parseArgs({
    args: [...env.args],
    allowPositionals: true,
    options: {
      delay: { type: "string", default: "10s" },
      every: { type: "string", default: "1000" },
      numbers: { type: "string", default: "18" },
      output: { type: "string" },
    },
  });
  const [variant] = positionals;
  if (variant !== "without-offset" && variant !== "with-offset") {
    throw new Error('say which variant after "--": without-offset or with-offset');
  }

  env.configure({
    name: `restart-${variant}`,
    checkpoints: { interval: "500 ms" },
    restart: { strategy: "fixed-delay", attempts: 3, delay: values.delay },
  });

  const source = failingSource({
    keepsOffset: variant === "with-offset",
    numbers: Number(values.numbers),
    everyMs: Number(values.every),
  });
  env
    .fromSource(source, { uid: "numbers" })
    .map((number) => `number ${number}`, { uid: "texts", type: t.string })
    .sinkTo(values.output === undefined ? printSink() : filesSink({ directory: values.output }), { uid: "out" });
});
