/** Owns: the bugs that the chaos of SQL has to find. None of them is to be seen without a restore. */
import type { Mutant } from "../mutant.ts";

const operators = "runtime/sql/operators";

export const mutants: readonly Mutant[] = [
  {
    name: "join-not-restored",
    what: "the right side of a join begins without rows after a restore",
    file: `${operators}/join-side.ts`,
    changes: [
      {
        find: "  const { name, row, identity } = plan;",
        replace:
          '  const { row, identity } = plan;\n  const name = plan.name === "right" ? `right of ${process.pid}` : plan.name;',
      },
    ],
    plans: '^"(full join|three tables, outer|a left join of groups|in groups that change)"',
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
];
