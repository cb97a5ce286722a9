/** Owns: what one run of the word count came to, on either engine. */

export type WordCountWork = {
  readonly lines: number;
  readonly parallelism: number;
  readonly checkpointMs: number;
};

export type EngineRun = {
  readonly words: number;
  /** Sum of the counts in all updates at the sink: equal on engines that counted the same words. */
  readonly countSum: number;
  readonly steadySeconds: number;
  readonly steadyWordsPerSecond: number;
  /** Completed ones. */
  readonly checkpoints: number;
  readonly failedCheckpoints: number;
  /** Of all processes from their start to their end; undefined: not Linux. */
  readonly cpuSeconds: number | undefined;
  /** Share of all cores that others used meanwhile. */
  readonly others: number | undefined;
};

export type Engine = {
  readonly name: "streamjob" | "flink";
  /** One run from nothing. Throws when it failed or is void. */
  run(work: WordCountWork): Promise<EngineRun>;
};

export const WORDS_PER_LINE = 10;
