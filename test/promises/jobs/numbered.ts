/**
 * Numbers through a keyed count into a files sink, each line with the version of the job that wrote it: `<number> <count of its
 * split> <version>`. The count of number i is i / SPLITS rounded down, + 1, whatever was restored in between.
 *
 *   -- --count <records> --rate <records a second> --output <folder> --hurry <file> --version <word>
 */
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink } from "streamjob/connectors/files";
import { pacedSource, SPLITS } from "./paced-source.ts";

const Counted = t.record({ key: t.string, index: t.int64, count: t.int64 });

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "1000" },
      output: { type: "string", default: "output" },
      hurry: { type: "string", default: "hurry" },
      version: { type: "string", default: "v1" },
    },
  });
  const { version } = values;
  env.configure({ name: "numbered" });
  env
    .fromSource(
      pacedSource({
        generate: (index) => index,
        type: t.int64,
        count: Number(values.count),
        ratePerSecond: Number(values.rate),
        hurryFile: values.hurry,
      }),
      { uid: "numbers" },
    )
    .map((index) => ({ key: `k${index % SPLITS}`, index, count: 1 }), { uid: "keys", type: Counted })
    .keyBy("key")
    .reduce((sum, one) => ({ key: sum.key, index: one.index, count: sum.count + one.count }), { uid: "counts" })
    .map(({ index, count }) => `${index} ${count} ${version}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
