/**
 * Owns: the pool of a subtask's transactional ids: which are free, and whose producer is initialized for the next transaction.
 *
 * KTS1 An id has one transaction at a time: it is free again when that one is committed or aborted. So a saved (id, producer, epoch) names one
 *      transaction.
 * KTS2 Before each transaction its id gets a new epoch (EO-8), ahead of time where possible.
 * KTS4 Before an id is used again, what its last transaction has left open in partitions is ended as that one was (KTF5). Else the next one's marker would do
 *     it, and with it an abort of the next would take back what was committed.
 * KTS3 There are at most SLOTS_MAX ids of a subtask: so many checkpoints in a row that did not complete fail the task.
 */
import { StreamError } from "../../../../base/index.ts";
import type { ProducerIdentity } from "../client/kafka-client.ts";
import type { SinkClient } from "./sink-client.ts";
import { transactionId } from "./transaction-id.ts";

const SLOTS_MAX = 64;
/** Used in turn while checkpoints complete. */
const SLOTS_AHEAD = 2;

export type TransactionalIdentity = ProducerIdentity & { readonly transactionalId: string };

type Ended = { readonly producerId: number; readonly outcome: "commit" | "abort" };
type EndLeftOpen = (transactionalId: string, last: Ended) => Promise<void>;

export class TransactionSlots {
  readonly #kafka: SinkClient;
  readonly #of: { readonly prefix: string; readonly subtask: number };
  readonly #timeoutMs: number;
  readonly #endLeftOpen: EndLeftOpen;
  readonly #used = new Set<string>();
  /** The last transaction of each id. */
  readonly #ended = new Map<string, Ended>();
  readonly #ahead: TransactionalIdentity[] = [];
  #initializing: Promise<void> = Promise.resolve();

  constructor(
    kafka: SinkClient,
    of: { readonly prefix: string; readonly subtask: number },
    timeoutMs: number,
    endLeftOpen: EndLeftOpen,
  ) {
    this.#endLeftOpen = endLeftOpen;
    this.#kafka = kafka;
    this.#of = of;
    this.#timeoutMs = timeoutMs;
  }

  /** Fences whoever had the ids that are used first, and aborts what was left open under them. */
  async open(): Promise<void> {
    while (this.#ahead.length < SLOTS_AHEAD) this.#ahead.push(await this.#initialize(this.#freeId()));
  }

  /** A producer for the next transaction. */
  take(): TransactionalIdentity | Promise<TransactionalIdentity> {
    const ready = this.#ahead.shift();
    if (ready !== undefined) {
      this.#used.add(ready.transactionalId);
      return ready;
    }
    return this.#initializing.then(async () => {
      const identity = this.#ahead.shift() ?? (await this.#initialize(this.#freeId()));
      this.#used.add(identity.transactionalId);
      return identity;
    });
  }

  /** The transaction is committed or aborted. */
  release({ transactionalId, producerId }: TransactionalIdentity, outcome: "commit" | "abort"): void {
    this.#used.delete(transactionalId);
    this.#ended.set(transactionalId, { producerId, outcome });
  }

  /** Initializes the next one while records are written; what fails is tried again by `take`. */
  prepareNext(): void {
    this.#initializing = this.#initializing
      .then(async () => {
        if (this.#ahead.length === 0) this.#ahead.push(await this.#initialize(this.#freeId()));
      })
      .catch(() => undefined);
  }

  async #initialize(id: string): Promise<TransactionalIdentity> {
    const { client, retries } = this.#kafka;
    const { producerId, epoch } = await this.#kafka.asked(`initialize the transactional id ${id}`, () =>
      retries.run(() => client.initProducer(id, this.#timeoutMs)),
    );
    const last = this.#ended.get(id);
    if (last !== undefined) await this.#endLeftOpen(id, last);
    this.#ended.delete(id);
    return { transactionalId: id, producerId, epoch };
  }

  #freeId(): string {
    for (let slot = 0; slot < SLOTS_MAX; slot++) {
      const id = transactionId({ ...this.#of, slot });
      if (!this.#used.has(id) && !this.#ahead.some(({ transactionalId }) => transactionalId === id)) return id;
    }
    throw new StreamError(
      "SINK_FAILED",
      `${this.#kafka.place.where}: ${SLOTS_MAX} transactions wait for their checkpoints, none of which completed. Look why checkpoints fail; the restart goes back to the last complete one`,
    );
  }
}
