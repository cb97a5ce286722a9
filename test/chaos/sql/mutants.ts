/** Owns: the bugs that the chaos of SQL has to find. None of them is to be seen without a restore. */
import type { Mutant } from "../mutant.ts";

const operators = "runtime/sql/operators";

export const mutants: readonly Mutant[] = [
  {
    name: "join-not-restored",
    what: "the right side of a join begins without rows after a restore",
    file: `${operators}/join-sides.ts`,
    changes: [
      {
        find: "      name,\n      row: rowTypeOf([...row, ...more]),",
        replace: "      name: at === 0 ? name : `right of ${process.pid}`,\n      row: rowTypeOf([...row, ...more]),",
      },
    ],
    plans: '^"(full join|three tables, outer|a left join of groups|in groups that change)"',
  },
  {
    name: "mini-batch-lost",
    what: "what has changed in a mini-batch is not emitted ahead of a checkpoint, whose state has it",
    file: `${operators}/aggregate-mini-batch.ts`,
    changes: [{ find: "  prepareSnapshot(): void {\n    this.#emit();\n", replace: "  prepareSnapshot(): void {\n" }],
    plans:
      '^"(how often something occurs that often|in groups that change|the first of groups that change)".*mini-batches of 100000',
  },
  {
    name: "window-again",
    what: "how far event time has come at windows is not in the checkpoint, so those that were emitted are emitted again after a restore",
    file: `${operators}/windows-in-tables.ts`,
    changes: [{ find: "    this.watermark.save();\n", replace: "" }],
    plans: '^"(hopping windows|windows that grow|the greatest of the counts of each window)"',
  },
  {
    name: "session-again",
    what: "that a session was emitted is kept in memory only, and its rows stay in the state",
    file: `${operators}/table-sessions.ts`,
    changes: [
      {
        find: "    table.makeReady(this.#found, 1);\n    this.#closeAt(slice, table, slot);\n",
        replace: "    table.makeReady(this.#found, 1);\n",
      },
    ],
    plans: '^"sessions of each user"',
  },
  {
    name: "asked-forgotten",
    what: "rows that a lookup join is asking for are not in the checkpoint",
    file: "runtime/operators/async/async-state.ts",
    changes: [
      {
        find: "if (this.#list !== null) this.#list.update([...queue.requests()].map(storedRequest));",
        replace: "if (this.#list !== null) this.#list.update([]);",
      },
    ],
    plans: "looks up in redis.*16 Redis answers late, and all TaskManagers are killed",
  },
];
