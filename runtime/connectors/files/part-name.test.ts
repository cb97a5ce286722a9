import assert from "node:assert/strict";
import { test } from "node:test";
import { hiddenName, isOursToSweep, PartNames } from "./part-name.ts";

const names = new PartNames("part", ".jsonl", { jobId: "j", uid: "sink" });
const name = { subtask: 3, epoch: 2, attempt: 5, number: 17 };

test("a hidden name tells its author, but only to its own sink", () => {
  const visible = names.visible(name);
  assert.match(visible, /^part-3-2-5-17-[0-9a-f]{10}\.jsonl$/);
  assert.deepEqual(names.authorOfHidden(hiddenName(visible)), { subtask: 3, epoch: 2, attempt: 5 });
  assert.equal(names.authorOfHidden(visible), null);
  for (const other of [
    new PartNames("part", ".jsonl", { jobId: "k", uid: "sink" }),
    new PartNames("part", ".jsonl", { jobId: "j", uid: "other" }),
    new PartNames("par", ".jsonl", { jobId: "j", uid: "sink" }),
    new PartNames("part-3", ".jsonl", { jobId: "j", uid: "sink" }),
    new PartNames("part", ".json", { jobId: "j", uid: "sink" }),
  ]) {
    assert.equal(other.authorOfHidden(hiddenName(visible)), null);
  }
  for (const strange of [
    "",
    ".",
    ".part-",
    ".part.inprogress",
    "notes.txt",
    `.part-${visible.slice(-16)}.inprogress`,
  ]) {
    assert.equal(names.authorOfHidden(strange), null);
  }
});

test("PN2 a subtask sweeps what earlier incarnations of itself left, and subtask 0 those of subtasks that are gone", () => {
  const our = { subtask: 1, epoch: 4, attempt: 2, parallelism: 2 };
  const cases: readonly (readonly [
    string,
    { subtask: number; epoch: number; attempt: number },
    typeof our,
    boolean,
  ])[] = [
    ["an earlier attempt", { subtask: 1, epoch: 4, attempt: 1 }, our, true],
    ["an earlier epoch, though its attempt is higher", { subtask: 1, epoch: 3, attempt: 9 }, our, true],
    ["its own", { subtask: 1, epoch: 4, attempt: 2 }, our, false],
    ["a later attempt", { subtask: 1, epoch: 4, attempt: 3 }, our, false],
    ["a later epoch", { subtask: 1, epoch: 5, attempt: 0 }, our, false],
    ["another subtask, in a region of its own", { subtask: 0, epoch: 4, attempt: 1 }, our, false],
    ["a subtask that is gone", { subtask: 2, epoch: 3, attempt: 1 }, our, false],
    ["a subtask that is gone, seen by subtask 0", { subtask: 2, epoch: 3, attempt: 1 }, { ...our, subtask: 0 }, true],
    [
      "a subtask of a newer epoch with more of them",
      { subtask: 2, epoch: 5, attempt: 1 },
      { ...our, subtask: 0 },
      false,
    ],
  ];
  for (const [what, author, us, expected] of cases) assert.equal(isOursToSweep(author, us), expected, what);
});
