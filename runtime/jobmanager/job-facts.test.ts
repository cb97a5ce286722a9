import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, systemClock } from "../../base/index.ts";
import type { Manifest } from "../checkpoint/index.ts";
import { loadStreamGraph } from "../program/index.ts";
import { createJobFacts, type JobFacts, noteRestored } from "./job-facts.ts";
import { setting } from "./scripted-job.test-support.ts";

const restored = {
  checkpointId: 7,
  seq: 3,
  mustCommit: false,
  isSavepoint: true,
  location: "file:///savepoints/one",
  ends: null,
};

async function factsOf(t: Parameters<typeof setting>[0], newest: Partial<Manifest> | null): Promise<JobFacts> {
  const { configuration } = await loadStreamGraph({ ...(await setting(t)), args: [] });
  const facts = createJobFacts(configuration, { clock: systemClock, random: seededRandom(1) });
  if (newest !== null) facts.progress.completed({ files: [], ...newest } as unknown as Manifest, "file:///root");
  return facts;
}

test("a job that goes on from a savepoint shows it, and answers the trigger that an earlier process was asked by", async (t) => {
  const facts = await factsOf(t, { seq: 3, storeUri: restored.location, triggerId: "a trigger" });
  noteRestored(facts, restored, 1000);
  assert.deepEqual(facts.statistics.view().restored, {
    id: 7,
    restoredMs: 1000,
    isSavepoint: true,
    externalPath: restored.location,
  });
  const answer = { kind: "completed", location: restored.location, checkpointId: 7 };
  assert.deepEqual(facts.triggers.get("a trigger"), answer);
});

test("… but no trigger that belongs to another manifest than the one restored", async (t) => {
  const other = await factsOf(t, { seq: 4, storeUri: null, triggerId: "a trigger" });
  noteRestored(other, restored, 1000);
  assert.equal(other.triggers.get("a trigger"), null);
  const foreign = await factsOf(t, null);
  noteRestored(foreign, { ...restored, seq: null }, 1000);
  assert.equal(foreign.statistics.view().counts.restored, 1);
});
