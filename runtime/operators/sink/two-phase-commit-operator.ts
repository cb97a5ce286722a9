/**
 * Owns: the two-phase commit of an exactly-once sink: which transaction is open, which ones wait for their checkpoint, what of
 *       that is in the state, and what is settled after a restore.
 * Not here: the hooks (sink.ts), the outcomes of a commit (commit-attempts.ts), waiting writes (ordered-writes.ts).
 *
 * TP1 A transaction begins with the first record after a barrier, so there is none without records, and nothing to commit for
 *     a checkpoint without records (EO-1).
 * TP2 `prepareSnapshot` prepares it, and all transactions not known to be committed are in the state that is fixed next: a
 *     completed checkpoint names every transaction whose records lie before its barrier and are not visible yet.
 * TP3 A completed checkpoint commits its own transactions and those of earlier ones, which may have been aborted or never heard
 *     of, in order. Commits run one after the other, beside the records of the next transaction.
 * TP4 After a restore every subtask sees all transactions of the checkpoint (union state). Subtask i commits those of the old
 *     subtasks s with s mod parallelism = i: its own, when the parallelism is what it was, so that a region that restarts
 *     alone settles its own and leaves the others' to tasks that still run; then lingering ones that are not among all of
 *     them are aborted; then records come (EO-4). Without a restore there is nothing to keep, but an attempt that crashed before the
 *     first checkpoint may have left something to abort.
 * TP6 Of a sink that commits at the end no checkpoint commits anything before the one that has its last transaction; then that is committed first, as it knows what has to go ahead of all. All transactions
 *     stay in the state until all are committed.
 * TP5 Without checkpoints the task ends by `prepareSnapshot(0)` and `onCheckpointComplete(0)`: 0 commits everything.
 */
import { assert, isPromiseLike } from "../../../base/index.ts";
import { t } from "../../record/index.ts";
import type {
  OperatorContext,
  OperatorListState,
  StreamOperator,
  TransactionWriter,
  TwoPhaseCommitSink,
} from "../../ports/index.ts";
import { CommitAttempts } from "./commit-attempts.ts";
import { OrderedWrites } from "./ordered-writes.ts";
import { UserCall } from "../user-call.ts";
import { sinkContext } from "./sink-context.ts";

/** `subtask`: the one that prepared it. */
type PendingTransaction<X> = { readonly checkpointId: number; readonly subtask: number; readonly transaction: X };

/** Runs one subtask of an exactly-once sink. */
export class TwoPhaseCommitOperator<T, X> implements StreamOperator<T, never> {
  readonly #sink: TwoPhaseCommitSink<T, X>;
  #writer: TransactionWriter<T, X> | undefined;
  #state!: OperatorListState<PendingTransaction<X>>;
  #writes!: OrderedWrites<T>;
  #attempts!: CommitAttempts;
  #subtask!: number;
  #open: { readonly transaction: X } | null = null;
  /** Prepared, not known to be committed; oldest first. */
  readonly #pending: PendingTransaction<X>[] = [];
  /** The last of the commits in progress; never rejects. */
  #commits: Promise<void> = Promise.resolve();

  constructor(sink: TwoPhaseCommitSink<T, X>) {
    this.#sink = sink;
  }

  async open(context: OperatorContext): Promise<void> {
    this.#subtask = context.subtask;
    this.#attempts = new CommitAttempts(context);
    this.#writes = new OrderedWrites(context, (value, timestamp) => this.#write(value, timestamp));
    this.#state = context.operatorState.unionList<PendingTransaction<X>>({
      name: "transactions",
      type: t.record({
        checkpointId: t.int64,
        subtask: t.int32,
        transaction: this.#sink.transactionType ?? t.anyOf<X>(),
      }),
    });
    const writer = this.#sink.createWriter(sinkContext(context));
    new UserCall(context).refusePromise("what createWriter returned", writer);
    this.#writer = writer;
    await writer.open?.();
    const restored = [...this.#state.get()];
    assert(this.#sink.commitsAtEnd === undefined || context.parallelism === 1, "one subtask commits at the end");
    if (this.#isHeld(restored)) this.#pending.push(...restored.splice(0));
    for (const { checkpointId, subtask, transaction } of this.#lastFirst(restored)) {
      if (subtask % context.parallelism !== context.subtask) continue;
      await this.#attempts.settle(`the transaction of restored checkpoint ${checkpointId}`, () =>
        writer.commit(transaction),
      );
    }
    await writer.abortAllExcept([...restored, ...this.#pending].map(({ transaction }) => transaction));
    // All are settled, or another subtask's to settle: kept here too, their number would multiply.
    this.#state.update([]);
  }

  process(value: T, timestamp: number): void {
    this.#writes.add(value, timestamp);
  }

  async prepareSnapshot(checkpointId: number): Promise<void> {
    await this.#writes.written();
    const open = this.#open;
    if (open !== null) {
      this.#open = null; // From here on it is not for `close` to abort: the writer is busy with it.
      const transaction = await this.#running().prepare(open.transaction);
      this.#pending.push({ checkpointId, subtask: this.#subtask, transaction });
    }
    this.#state.update([...this.#pending]);
  }

  committables(): number {
    return this.#isHeld(this.#pending) ? 0 : this.#pending.length;
  }

  onCheckpointComplete(checkpointId: number): Promise<void> {
    const committed = this.#commits.then(() => this.#commitThrough(checkpointId));
    this.#commits = committed.catch(() => undefined); // The caller has the rejection.
    return committed;
  }

  async endInput(): Promise<void> {
    await this.#writes.written();
    if (this.#sink.commitsAtEnd === undefined) return;
    const writer = this.#running();
    const transaction = this.#open?.transaction ?? (await writer.begin());
    this.#open = { transaction: (await writer.end?.(transaction)) ?? transaction };
  }

  /** Aborts the transaction that no checkpoint names; what is prepared stays as it is (SIN1). */
  async close(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#attempts.close();
    try {
      // While a write hangs or has failed the writer is not asked for more: what is left is aborted after the restore.
      if (this.#open !== null && !this.#writes.isWaiting) await writer.abort(this.#open.transaction);
    } finally {
      this.#open = null;
      await writer.close?.();
    }
  }

  #write(value: T, timestamp: number): void | Promise<void> {
    const open = this.#open;
    if (open !== null) return this.#running().write(open.transaction, value, timestamp);
    return this.#begin(value, timestamp);
  }

  #begin(value: T, timestamp: number): void | Promise<void> {
    const writer = this.#running();
    const begun = writer.begin();
    if (isPromiseLike(begun)) {
      return Promise.resolve(begun as Promise<X>).then((transaction) => {
        this.#open = { transaction };
        return writer.write(transaction, value, timestamp);
      });
    }
    const transaction = begun as X;
    this.#open = { transaction };
    return writer.write(transaction, value, timestamp);
  }

  /** TP6 */
  #isHeld(transactions: readonly PendingTransaction<X>[]): boolean {
    const { commitsAtEnd } = this.#sink;
    return commitsAtEnd !== undefined && !transactions.some(({ transaction }) => commitsAtEnd.isLast(transaction));
  }

  async #commitThrough(checkpointId: number): Promise<void> {
    if (this.#sink.commitsAtEnd !== undefined) return this.#commitAtEnd(checkpointId);
    const writer = this.#running();
    for (;;) {
      const next = this.#pending[0];
      if (next === undefined || (checkpointId !== 0 && next.checkpointId > checkpointId)) return;
      const { transaction } = next;
      await this.#attempts.settle(`the transaction of checkpoint ${next.checkpointId}`, () =>
        writer.commit(transaction),
      );
      this.#pending.shift();
    }
  }

  /** TP6 */
  async #commitAtEnd(checkpointId: number): Promise<void> {
    const writer = this.#running();
    const last = this.#pending.at(-1);
    if (last === undefined || this.#isHeld(this.#pending)) return;
    if (checkpointId !== 0 && last.checkpointId > checkpointId) return;
    for (const { checkpointId: id, transaction } of this.#lastFirst(this.#pending))
      await this.#attempts.settle(`the transaction of checkpoint ${id}`, () => writer.commit(transaction));
    this.#pending.splice(0);
  }

  #lastFirst(transactions: readonly PendingTransaction<X>[]): readonly PendingTransaction<X>[] {
    return this.#sink.commitsAtEnd === undefined ? transactions : transactions.toReversed();
  }

  #running(): TransactionWriter<T, X> {
    assert(this.#writer !== undefined, "a two-phase commit sink was used before it was opened");
    return this.#writer;
  }
}
