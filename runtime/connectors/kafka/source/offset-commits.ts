/**
 * Owns: committing offsets to the consumer group when a checkpoint is complete: for people and tools; the job itself never reads them again (EO-10).
 *
 * OFC1 A commit that fails is counted and logged, and nothing else: it never fails the job.
 * OFC2 One commit is under way at a time; of those that wait only the newest is made.
 */
import type { Log } from "../../../../base/index.ts";
import type { Counter, MetricGroup } from "../../../ports/index.ts";
import type { GroupOffset, KafkaClient } from "../client/kafka-client.ts";

const CHECKPOINTS_MAX = 100;

export class OffsetCommits {
  readonly #client: KafkaClient;
  readonly #group: string;
  readonly #log: Log;
  readonly #succeeded: Counter;
  readonly #failed: Counter;
  readonly #offsets = new Map<number, readonly GroupOffset[]>();
  #next: readonly GroupOffset[] | null = null;
  #isBusy = false;

  constructor(
    client: KafkaClient,
    group: string,
    { log, metrics }: { readonly log: Log; readonly metrics: MetricGroup },
  ) {
    this.#client = client;
    this.#group = group;
    this.#log = log;
    this.#succeeded = metrics.counter("commitsSucceeded");
    this.#failed = metrics.counter("commitsFailed");
  }

  remember(checkpointId: number, offsets: readonly GroupOffset[]): void {
    this.#offsets.set(checkpointId, offsets);
    for (const id of this.#offsets.keys()) if (this.#offsets.size > CHECKPOINTS_MAX) this.#offsets.delete(id);
  }

  complete(checkpointId: number): void {
    const offsets = this.#offsets.get(checkpointId);
    for (const id of this.#offsets.keys()) if (id <= checkpointId) this.#offsets.delete(id);
    if (offsets === undefined || offsets.length === 0) return;
    this.#next = offsets;
    if (!this.#isBusy) void this.#commit();
  }

  async #commit(): Promise<void> {
    this.#isBusy = true;
    while (this.#next !== null) {
      const offsets = this.#next;
      this.#next = null;
      try {
        await this.#client.commitGroupOffsets(this.#group, offsets);
        this.#succeeded.inc();
      } catch (error) {
        this.#failed.inc();
        this.#log.warn(
          { group: this.#group, reason: String(error) },
          "offsets could not be committed to the group; the checkpoint has them",
        );
      }
    }
    this.#isBusy = false;
  }
}
