/** Owns: the bugs that the chaos has to find: each a change of one place in the code that would lose rows, double them, or wait for good. */
import type { Mutant } from "../mutant.ts";

const kafka = "runtime/connectors/kafka/sink";
const mysql = "runtime/connectors/mysql";

export const mutants: readonly Mutant[] = [
  {
    name: "dropped-after-timeout",
    what: "a commit that is refused because the transaction has timed out counts as done",
    file: `${kafka}/transactional-writer.ts`,
    changes: [{ find: 'if (fate.kind === "aborted") {', replace: "if (Date.now() < 0) {" }],
    // A task asks its Kafka sink to commit first: the odd times are that sink's.
    plans: "(jm:after-manifest|tm:before-commit)@[13];.*11 the job is left dead.*at the failpoint",
  },
  {
    name: "not-resumed",
    what: "after a restore the producer of a saved transaction is initialized, which aborts it, instead of being resumed",
    file: `${kafka}/transactional-writer.ts`,
    changes: [
      {
        find: "    this.#running().begin(identity);",
        replace: "    begunHere.add(`${identity.producerId}:${identity.epoch}`);\n    this.#running().begin(identity);",
      },
      {
        find: "const MAX_TIMEOUT_SETTING",
        replace: "const begunHere = new Set<string>();\nconst MAX_TIMEOUT_SETTING",
      },
      {
        find: '      await this.#kafka.client.endTransaction(transaction, "commit");',
        replace: `      if (begunHere.has(\`\${transaction.producerId}:\${transaction.epoch}\`))
        await this.#kafka.client.endTransaction(transaction, "commit");
      else await this.#kafka.client.initProducer(transaction.transactionalId, this.#settings.transactionTimeoutMs);`,
      },
    ],
    plans: "(kill|stop) at tm:before-commit@[13]",
  },
  {
    name: "saved-before-flush",
    what: "the checkpoint is made before the records of its transaction are appended",
    file: `${kafka}/transactional-writer.ts`,
    changes: [
      {
        find: 'await this.#asked("write", () => sender.flush());',
        replace: 'void this.#asked("write", () => sender.flush()).catch(() => undefined);',
      },
    ],
    plans: "12 the broker answers late, and all TaskManagers are killed",
  },
  {
    name: "nota-is-committed",
    what: "XAER_NOTA, which the server answers while a zombie holds the branch, is taken for committed, and zombies are not ended before",
    file: `${mysql}/xa-sink.ts`,
    changes: [
      {
        find: "if (await isPrepared(session, transaction)) {",
        replace:
          'if (Date.now() > 0) return { kind: "alreadyCommitted" };\n    if (await isPrepared(session, transaction)) {',
      },
      {
        find: "() => this.#connections.endZombies()",
        replace: "() => Promise.resolve()",
      },
    ],
    plans: "^xa.*stop at tm:before-commit@[24];(?!.*(there its connections|at the failpoint))",
  },
  {
    name: "ledger-without-incarnation",
    what: "entries of the ledger do not name the attempt that wrote them",
    file: `${mysql}/ledger-sink.ts`,
    changes: [{ find: "readonly #writer = systemRandom.hex(8);", replace: 'readonly #writer = "writer";' }],
    plans: "^ledger",
  },
  {
    name: "zombie-not-killed",
    what: "the connection of a zombie that holds a branch is left alone",
    file: `${mysql}/xa-branches.ts`,
    changes: [
      {
        find: "await session.run(`kill ${connectionId}`);",
        replace: "await Promise.resolve([session, connectionId]);",
      },
    ],
    plans: "^xa.*stop at tm:(before-commit|after-commit)",
  },
];
