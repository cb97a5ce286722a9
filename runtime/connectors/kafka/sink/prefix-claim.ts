/**
 * Owns: whose a prefix of transactional ids is: a note in Kafka itself, as the offset of a group that is named after the prefix, with the job
 * in its metadata. It is renewed as long as the job lives.
 * Called by: transactional-writer.ts, before it asks for any id; `streamjob txns`, which refuses what a living job holds.
 *
 * KPN1 A job that finds another's note waits for LEASE_MS whether it is renewed. If it is, the job is refused, before it has taken over any id
 *     of the other one's, and so before anything of it is aborted. Clocks of several machines are not compared.
 * KPN2 A note of the same job is its own, and so is one of an incarnation that it has fenced: a restart and an upgrade neither wait nor are
 *     refused, whatever of the old processes still lives.
 * KPN3 Subtask 0 writes the note, renews it and takes it away when it closes; all subtasks look first. Two jobs that start in the same moment
 *     both write: the one whose note was overwritten is told so by the renewal, and fails with its next transaction.
 * KPN4 Whoever may not keep offsets of that group (the rights are Read on the group and the topic) goes without, which is logged: then two jobs
 *     only notice when they fence each other.
 */
import { type Clock, sleep, StreamError, type Timer } from "../../../../base/index.ts";
import type { SinkContext } from "../../../ports/index.ts";
import type { KafkaClient } from "../client/kafka-client.ts";
import { KafkaError } from "../client/kafka-error.ts";
import type { Retries } from "../client/retry.ts";

const RENEW_MS = 2000;
/** KPN1: several renewals, for a machine that has much else to do. */
const LEASE_MS = 20_000;
const LOOK_MS = 500;

/** `beat` rises with every renewal. */
export type PrefixNote = { readonly job: string; readonly jobName: string; readonly beat: number };

type Asking = { readonly client: KafkaClient; readonly retries: Retries };
/** Which prefix, and a topic that is there: offsets are of partitions. */
export type ClaimedPrefix = { readonly prefix: string; readonly topic: string };

const groupOf = (prefix: string): string => `${prefix}-owner`;

/** null: nobody has it, or who had it has given it back. Errors: KafkaError. */
export async function readPrefixNote({ client, retries }: Asking, of: ClaimedPrefix): Promise<PrefixNote | null> {
  const at = { topic: of.topic, partition: 0 };
  const [found] = await retries.run(() => client.groupOffsets(groupOf(of.prefix), [at]));
  const [job = "", ...name] = (found?.metadata ?? "").split(" ");
  return found === undefined || job === "" ? null : { job, jobName: name.join(" "), beat: found.offset };
}

/** Whether the note is renewed within LEASE_MS, or another takes its place. Errors: KafkaError. */
export async function isRenewed(asking: Asking, of: ClaimedPrefix, note: PrefixNote, clock: Clock): Promise<boolean> {
  const sinceMs = clock.monotonicMs();
  for (;;) {
    const now = await readPrefixNote(asking, of);
    if (now === null) return false;
    if (now.job !== note.job || now.beat !== note.beat) return true;
    if (clock.monotonicMs() - sinceMs >= LEASE_MS) return false;
    await sleep(clock, LOOK_MS);
  }
}

export class PrefixClaim {
  readonly #asking: Asking;
  readonly #context: SinkContext;
  readonly #of: ClaimedPrefix;
  #beat = 0;
  #timer: Timer | null = null;
  #renewing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #overwrittenBy: PrefixNote | null = null;

  constructor(asking: Asking, context: SinkContext, of: ClaimedPrefix) {
    this.#asking = asking;
    this.#context = context;
    this.#of = of;
  }

  /** KPN1. Errors: TRANSACTIONS_IN_USE (terminal): another job that lives has it; KafkaError. */
  async take(): Promise<void> {
    const { log, clock, subtask } = this.#context;
    try {
      const note = await readPrefixNote(this.#asking, this.#of);
      if (note !== null && !this.#isOwn(note)) {
        log.info(
          { prefix: this.#of.prefix, job: note.job },
          "another job has noted this prefix; waiting whether it lives",
        );
        if (await isRenewed(this.#asking, this.#of, note, clock)) throw this.#taken(note);
      }
      if (subtask !== 0) return;
      this.#beat = note?.beat ?? 0;
      await this.#write(this.#note);
      this.#renewLater();
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.type.endsWith("AUTHORIZATION_FAILED")) throw error;
      log.warn(
        { prefix: this.#of.prefix, reason: error.message },
        "it cannot be noted whose this prefix is, so another job with the same one would not be refused",
      );
    }
  }

  /** Errors: TRANSACTIONS_IN_USE (terminal): another job has taken it meanwhile (KPN3). */
  assertHeld(): void {
    if (this.#overwrittenBy !== null) throw this.#taken(this.#overwrittenBy);
  }

  /** Gives it back, if it is still this job's; what fails is no harm: it is not renewed any more. */
  async release(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer === null) return;
    this.#timer.cancel();
    await this.#renewing;
    try {
      const note = await readPrefixNote(this.#asking, this.#of);
      if (note?.job === this.#context.jobId) await this.#write("");
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      this.#context.log.debug({ prefix: this.#of.prefix, reason: error.message }, "a prefix could not be given back");
    }
  }

  get #note(): string {
    return `${this.#context.jobId} ${this.#context.jobName}`;
  }

  /** KPN2 */
  #isOwn({ job }: PrefixNote): boolean {
    const { jobId, fenced = [] } = this.#context;
    return job === jobId || fenced.includes(job);
  }

  #renewLater(): void {
    if (this.#isClosed) return;
    this.#timer = this.#context.clock.after(RENEW_MS, () => {
      this.#renewing = this.#renew().finally(() => this.#renewLater());
    });
  }

  async #renew(): Promise<void> {
    try {
      const note = await readPrefixNote(this.#asking, this.#of);
      if (note !== null && note.job !== this.#context.jobId) this.#overwrittenBy = note;
      else if (!this.#isClosed) await this.#write(this.#note);
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      // A broker is away: so it is for the other job.
      this.#context.log.debug({ prefix: this.#of.prefix, reason: error.message }, "a prefix could not be noted again");
    }
  }

  async #write(metadata: string): Promise<void> {
    const { client, retries } = this.#asking;
    const { prefix, topic } = this.#of;
    const offset = { topic, partition: 0, offset: ++this.#beat, metadata };
    await retries.run(() => client.commitGroupOffsets(groupOf(prefix), [offset]));
  }

  #taken({ job, jobName }: PrefixNote): StreamError {
    const { name, uid, jobId } = this.#context;
    return new StreamError(
      "TRANSACTIONS_IN_USE",
      `${name} (uid ${uid}): the transactional ids with the prefix "${this.#of.prefix}" are in use by the job "${jobName}" (id ${job}), which is running; this is job ${jobId}. Give each job a transactionalIdPrefix of its own, or stop the other one first`,
      { destiny: "terminal" },
    );
  }
}
