/**
 * Owns: the Java programs of the Kafka bench (bench/flink): Flink's job, the writer of the input, the reader of a result.
 *
 * JPR1 Input and results of both engines go through the same programs, which are Kafka's own client: neither engine tells its own speed.
 */
import { runFlink } from "../measure/flink-run.ts";
import type { ProgramRun } from "../measure/scratch.ts";
import type { FlinkBuild } from "../flink/build.ts";
import type { JobRun } from "../measure/streamjob-run.ts";
import type { KafkaEngine, KafkaWork } from "./engine.ts";

/** What a topic of counts holds, as KafkaResult prints it. Times are the broker's, in epoch milliseconds. */
export type KafkaResult = {
  readonly records: number;
  readonly users: number;
  /** Sum of all counts. */
  readonly countSum: number;
  /** Whether each user's counts are 1 … n, once each. */
  readonly isExact: boolean;
  readonly firstMs: number;
  /** When a fifth of the records had come. */
  readonly steadyFromMs: number;
  readonly lastMs: number;
};

export class JavaPrograms {
  readonly #build: FlinkBuild;

  constructor(build: FlinkBuild) {
    this.#build = build;
  }

  readonly flink: KafkaEngine = {
    name: "flink",
    run: async (work: KafkaWork): Promise<JobRun> => {
      const { bootstrap, input, output, parallelism, checkpointMs } = work;
      const args = [bootstrap, input, output, String(parallelism), String(checkpointMs)];
      const { stdout, cpuSeconds, others } = await this.#run("KafkaCount", args);
      const { checkpoints, failedCheckpoints } = JSON.parse(stdout) as JobRun;
      return { checkpoints, failedCheckpoints, cpuSeconds, others };
    },
  };

  /** Writes the orders 0 … `orders` − 1 into the topic. */
  async writeOrders(bootstrap: string, topic: { name: string; partitions: number }, orders: number): Promise<void> {
    await this.#run("KafkaOrders", [bootstrap, topic.name, String(topic.partitions), String(orders)]);
  }

  /** Reads what is committed in the topic. */
  async readResult(bootstrap: string, topic: string): Promise<KafkaResult> {
    const { stdout } = await this.#run("KafkaResult", [bootstrap, topic]);
    return JSON.parse(stdout) as KafkaResult;
  }

  #run(program: string, args: readonly string[]): Promise<ProgramRun> {
    return runFlink(this.#build, program, args);
  }
}
