/** Owns: what one run of the Kafka bench is given, on either engine. */
import type { JobRun } from "../measure/streamjob-run.ts";

export type KafkaWork = {
  readonly bootstrap: string;
  readonly input: string;
  /** A new topic for each run. */
  readonly output: string;
  readonly parallelism: number;
  readonly checkpointMs: number;
};

export type KafkaEngine = {
  readonly name: "streamjob" | "flink";
  /** From the input's beginning to what it holds when the job starts. Throws when the job failed. */
  run(work: KafkaWork): Promise<JobRun>;
};
