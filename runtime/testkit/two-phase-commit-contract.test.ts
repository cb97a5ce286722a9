/**
 * The operator under the contract, with an outside world in memory that is strict about the protocol: a wrong order of hooks,
 * a commit of what was aborted, or an abort of what is another's, fails.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn } from "../../base/index.ts";
import type { CommitOutcome, SinkContext, TransactionWriter, TwoPhaseCommitSink } from "../ports/index.ts";
import { type TransactionWorld, twoPhaseCommitContract } from "./two-phase-commit-contract.ts";

type Transaction = {
  readonly id: number;
  readonly attempt: number;
  readonly subtask: number;
  readonly records: string[];
  status: "open" | "prepared" | "committed" | "aborted";
};

/** `turn`, unless null: hooks resolve some of these later, and every third commit has to be asked for again. */
class TransactionLog {
  readonly #transactions: Transaction[] = [];
  readonly #turn: Turn | null;
  #commits = 0;

  constructor(turn: Turn | null) {
    this.#turn = turn;
  }

  sink(): TwoPhaseCommitSink<string, number> {
    return {
      kind: "sink",
      name: "transaction log",
      guarantee: "exactly-once",
      createWriter: (context) => this.#writer(context),
    };
  }

  committed(): readonly string[] {
    return this.#transactions.flatMap(({ status, records }) => (status === "committed" ? records : []));
  }

  unsettled(): number {
    return this.#transactions.filter(({ status }) => status === "open" || status === "prepared").length;
  }

  #writer({ attempt, subtask, parallelism }: SinkContext): TransactionWriter<string, number> {
    const some = <R>(result: R): R | Promise<R> =>
      this.#turn === null ? result : turns(this.#turn, 3 + ((subtask * 2) % 3)).then(() => result);
    return {
      begin: () => {
        const id = this.#transactions.length;
        this.#transactions.push({ id, attempt, subtask, records: [], status: "open" });
        return some(id);
      },
      write: (id, value) => {
        const transaction = this.#in(id, "open");
        const push = (): void => void transaction.records.push(value);
        return this.#turn !== null && id % 2 === 0 ? turns(this.#turn, 2 + ((subtask * 2) % 3)).then(push) : push();
      },
      prepare: (id) => {
        this.#in(id, "open").status = "prepared";
        return some(id);
      },
      commit: (id) => this.#commit(id),
      abort: (id) => {
        this.#in(id, "open").status = "aborted";
      },
      abortAllExcept: (keep) => {
        for (const transaction of this.#transactions) {
          if (transaction.attempt >= attempt || transaction.subtask % parallelism !== subtask) continue;
          if (keep.includes(transaction.id) || transaction.status === "committed") continue;
          transaction.status = "aborted";
        }
        return some(undefined);
      },
    };
  }

  async #commit(id: number): Promise<CommitOutcome> {
    if (this.#turn !== null) await turns(this.#turn, 2);
    if (this.#turn !== null && ++this.#commits % 3 === 0) return { kind: "retryLater", after: 50, reason: "busy" };
    const transaction = this.#transactions[id] as Transaction;
    if (transaction.status === "aborted") return { kind: "impossible", reason: "it was aborted" };
    if (transaction.status === "committed") return { kind: "alreadyCommitted" };
    this.#in(id, "prepared").status = "committed";
    return { kind: "committed" };
  }

  #in(id: number, status: Transaction["status"]): Transaction {
    const transaction = this.#transactions[id];
    assert.equal(transaction?.status, status, `transaction ${id}`);
    return transaction as Transaction;
  }
}

type Turn = () => Promise<void>;

async function turns(turn: Turn, count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn();
}

const world = (turn: Turn | null): TransactionWorld<number> => {
  const log = new TransactionLog(turn);
  return {
    makeSink: () => log.sink(),
    readCommitted: async () => log.committed(),
    countUnsettled: async () => log.unsettled(),
  };
};

for (const [name, turn, runs] of [
  ["a transaction log that answers at once", null, 300],
  ["a transaction log that keeps everyone waiting", () => Promise.resolve(), 300],
  ["a transaction log that is outside, so that a later subtask may die before an earlier one", nextTurn, 600],
] as const) {
  describe(`${name} keeps the two-phase commit contract`, () => {
    for (const { name: promise, run } of twoPhaseCommitContract(() => world(turn), { runs })) it(promise, run);
  });
}
