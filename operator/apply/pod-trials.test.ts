import assert from "node:assert/strict";
import test from "node:test";
import { ManualClock } from "../../runtime/testkit/index.ts";
import type { Pod } from "../kubernetes/api/index.ts";
import { PodTrials } from "./pod-trials.ts";

const podOf = (uid: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "wc-1-jobmanager-0",
    namespace: "default",
    ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "wc-1-jobmanager", uid }],
  },
  spec: { containers: [] },
});

test("PDT1: a pod is asked about when it has been missing for a while, that of another StatefulSet by its own time", () => {
  const clock = new ManualClock();
  const trials = new PodTrials(clock);
  assert.equal(trials.isDue(podOf("a")), false);
  clock.advance(4000);
  assert.equal(trials.isDue(podOf("a")), false);
  assert.equal(trials.isDue(podOf("b")), false);
  clock.advance(1000);
  assert.equal(trials.isDue(podOf("a")), true);
  assert.equal(trials.isDue(podOf("a")), true, "until it is known to be accepted");
  assert.equal(trials.isDue(podOf("b")), false);
});

test("PDT2, PDT3: one that would be taken is asked about again after half a minute; one that came in between is another", () => {
  const clock = new ManualClock();
  const trials = new PodTrials(clock);
  trials.isDue(podOf("a"));
  clock.advance(5000);
  trials.noteAccepted(podOf("a"));
  clock.advance(29_000);
  assert.equal(trials.isDue(podOf("a")), false);
  clock.advance(1000);
  assert.equal(trials.isDue(podOf("a")), true);
  clock.advance(90_001);
  assert.equal(trials.isDue(podOf("a")), false, "its absence begins anew");
});
