/**
 * Numbers into files; the first time it comes to the middle, the function ends the slot's thread, as running out of memory does.
 *
 *   -- <folder> <file>; the folder gets `died` as a marker and the output in `out`; it ends when the file is there
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { heldSource } from "./held-source.ts";

export const COUNT = 600;

export default job((env) => {
  const [folder = ".", mayEnd] = env.args;
  env.configure({ name: "dying-thread", checkpoints: { interval: "200 ms" } });
  const marker = join(folder, "died");
  env
    .fromSource(
      heldSource(generatorSource({ generate: (n) => n, count: COUNT, ratePerSecond: 200, type: t.int64 }), mayEnd),
      { uid: "numbers" },
    )
    .map(
      (n) => {
        if (n > COUNT / 2 && !isMainThread && !existsSync(marker)) {
          writeFileSync(marker, "");
          // process.exit is refused to a job's code; this is what stands behind it, and nothing that a job would call.
          (process as unknown as { reallyExit(code: number): never }).reallyExit(3);
        }
        return `${n}`;
      },
      { uid: "texts", type: t.string },
    )
    .sinkTo(filesSink({ directory: join(folder, "out") }), { uid: "files" });
});
