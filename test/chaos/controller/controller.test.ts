/**
 * The operator-sieve: a StreamJob's whole life, with a fault put into every call that changes something. However it is broken, what is
 * left is what a calm run leaves: the same objects made and taken away as often, the same history, a savepoint per upgrade, and a sink
 * that is exact.
 *
 * By default each kind of fault is put into every mutation within one life; with STREAMJOB_ALL=1 (`npm run chaos -- controller`) also
 * into each mutation alone, a life each.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { environmentVariable } from "../../../base/index.ts";
import { type BrokenLife, liveBroken } from "./broken-operators.ts";
import { INCARNATIONS, STABLE_INCARNATION } from "./life.ts";
import { isOptional } from "./optional-mutations.ts";
import { type Fault, faults } from "./sieve.ts";
import { staleWorlds } from "./stale-worlds.ts";

const isAll = environmentVariable("STREAMJOB_ALL") === "1";

let calm: BrokenLife;

before(async () => {
  calm = await liveBroken("calm", { plan: () => null });
});

it("a calm life has the mutations that faults are put into", () => {
  assert.ok(calm.mutations.length >= 40, calm.mutations.join("\n"));
  for (const needed of [
    "activate wc 1",
    "stop wc 1",
    "create ControllerRevision wc-*",
    "delete StatefulSet wc-1-jobmanager",
    "delete Service wc-1",
    "delete ConfigMap wc-1-*",
    "create StreamJobSnapshot wc-upgrade-*",
    "updateStatus StreamJobSnapshot wc-upgrade-*",
    "updateStatus StreamJob wc upgrade/Preflight to 2",
    "updateStatus StreamJob wc upgrade/Stopping to 2",
    "updateStatus StreamJob wc upgrade/Activating to 2",
    "updateStatus StreamJob wc Running 2 young",
    `updateStatus StreamJob wc Running ${STABLE_INCARNATION} stable`,
    "activate wc 4",
    "updateStatus StreamJob wc rollback/Terminating to 5",
    "updateStatus StreamJob wc rollback/Activating to 5",
    "delete StatefulSet wc-4-taskmanager",
    "stop wc 5",
    "updateStatus StreamJob wc suspend/Terminating to -",
    "updateStatus StreamJob wc Suspended - new",
    "activate wc 6",
    "updateStatus StreamJob wc Finished 6 stable",
    "updateStatus StreamJob wc delete/Terminating to -",
    "patch StreamJobSnapshot wc-upgrade-* finalizers,uid,resourceVersion",
  ]) {
    assert.ok(!isOptional(needed), `${needed} is left to timing`);
    assert.ok(calm.mutations.includes(needed), `${needed} is not among\n${calm.mutations.join("\n")}`);
  }
  assert.equal(calm.remains.incarnations, INCARNATIONS);
  assert.equal(calm.remains.savepoints, 4, "rescale, upgrade, the bad version, and suspend take a savepoint each");
});

describe("into every mutation of one life", () => {
  for (const fault of faults) {
    it(`${fault}`, async () => {
      const broken = new Set<string>();
      const life = await liveBroken(fault.replace(" ", "-"), {
        plan: (mutation) => {
          if (broken.has(mutation)) return null;
          broken.add(mutation);
          return fault;
        },
      });
      const missed = calm.mutations.filter((mutation) => !broken.has(mutation) && !isOptional(mutation));
      assert.deepEqual(missed, [], "mutations of a calm life that no fault was put into");
      assert.equal(life.faults.length, broken.size);
      assertSame(life, fault);
    });
  }
});

describe("a world that is not what the operator was told", () => {
  for (const [name, { make, operators }] of Object.entries(staleWorlds)) {
    it(name, async () => {
      const life = await liveBroken("world", {
        plan: () => null,
        between: make(),
        ...(operators === undefined ? {} : { operators }),
      });
      assertSame(life, name);
    });
  }
});

if (isAll) {
  describe("into one mutation of a life", async () => {
    const { mutations } = await liveBroken("listing", { plan: () => null });
    for (const mutation of mutations) {
      for (const fault of faults) it(`${fault}: ${mutation}`, () => breakOne(mutation, fault));
    }
  });
}

async function breakOne(wanted: string, fault: Fault): Promise<void> {
  let isDone = false;
  const life = await liveBroken("one", {
    plan: (mutation) => {
      if (isDone || mutation !== wanted) return null;
      isDone = true;
      return fault;
    },
  });
  assert.ok(life.faults.length === 1 || isOptional(wanted), `${wanted} did not happen`);
  assertSame(life, `${fault}: ${wanted}`);
}

function assertSame({ remains }: BrokenLife, what: string): void {
  assert.deepEqual(remains, calm.remains, `what is left after ${what} is not what a calm life leaves`);
}
