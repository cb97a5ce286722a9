/**
 * Numbers in ranges that the source's enumerator finds while the job runs: as many as a file says by now.
 *
 *   -- --ranges <number> --range-size <numbers> --found <file with the number of ranges> --output <folder>
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink } from "streamjob/connectors/files";
import { rangesSource } from "../../../runtime/testkit/enumerated-source.test-support.ts";

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      ranges: { type: "string", default: "10" },
      "range-size": { type: "string", default: "10" },
      found: { type: "string", default: "found" },
      output: { type: "string", default: "output" },
    },
  });
  env.configure({ name: "dealt-numbers" });
  const source = rangesSource({
    ranges: Number(values.ranges),
    perRange: Number(values["range-size"]),
    everyMs: 10,
    look: () => Number(readFileSync(values.found, "utf8")),
  });
  env
    .fromSource(source, { uid: "ranges" })
    .map((number) => `number ${number}`, { uid: "lines", type: t.string })
    .sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
