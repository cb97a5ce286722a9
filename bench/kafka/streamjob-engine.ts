/** Owns: one run of the Kafka bench on StreamJob. */
import { join } from "node:path";
import { withScratchFolder } from "../measure/scratch.ts";
import { runStreamJob } from "../measure/streamjob-run.ts";
import type { KafkaEngine } from "./engine.ts";

const JOB = new URL("./job.ts", import.meta.url);

export const streamJobEngine: KafkaEngine = {
  name: "streamjob",
  run: ({ bootstrap, input, output, parallelism, checkpointMs }) =>
    withScratchFolder((folder) => {
      const args = [bootstrap, input, output, String(checkpointMs)];
      return runStreamJob(join(folder, "home"), { module: JOB, args, parallelism });
    }),
};
