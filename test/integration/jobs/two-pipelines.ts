/**
 * Two pipelines that have nothing to do with each other; the function of the first throws once, when the marker file is not there.
 *
 *   -- <folder of the outputs>/ , with `failing` and `calm` in it
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { job, t } from "streamjob";
import { generatorSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";

export const COUNT = 2000;

/** True for one caller only: of two subtasks that come here at the same moment one fails. */
function isFirst(marker: string): boolean {
  if (existsSync(marker)) return false;
  try {
    writeFileSync(marker, "", { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

export default job((env) => {
  const [folder = "."] = env.args;
  env.configure({
    name: "two-pipelines",
    checkpoints: { interval: "200 ms" },
    restart: { strategy: "fixed-delay", attempts: 3, delay: "100 ms" },
  });
  const marker = join(folder, "has-failed");
  for (const name of ["failing", "calm"]) {
    env
      .fromSource(generatorSource({ generate: (n) => n, count: COUNT, ratePerSecond: 500, type: t.int64 }), {
        uid: `${name}-numbers`,
      })
      .map(
        (n) => {
          if (name === "failing" && n > COUNT / 2 && isFirst(marker)) throw new Error("once is enough");
          return `${n}`;
        },
        { uid: `${name}-texts`, type: t.string },
      )
      .sinkTo(filesSink({ directory: join(folder, name) }), { uid: `${name}-files` });
  }
});
