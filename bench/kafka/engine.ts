/** Owns: what one run of the Kafka bench is given and comes to, on either engine. */

export type KafkaWork = {
  readonly bootstrap: string;
  readonly input: string;
  /** A new topic for each run. */
  readonly output: string;
  readonly parallelism: number;
  readonly checkpointMs: number;
};

export type KafkaRun = {
  /** Completed ones. */
  readonly checkpoints: number;
  readonly failedCheckpoints: number;
  /** Of the engine's processes from their start to their end, the broker's left out; undefined: not Linux. */
  readonly cpuSeconds: number | undefined;
  /** Share of all cores that others used meanwhile, the broker among them. */
  readonly others: number | undefined;
};

export type KafkaEngine = {
  readonly name: "streamjob" | "flink";
  /** From the input's beginning to what it holds when the job starts. Throws when the job failed. */
  run(work: KafkaWork): Promise<KafkaRun>;
};
