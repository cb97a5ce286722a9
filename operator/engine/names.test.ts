import assert from "node:assert/strict";
import test from "node:test";
import { JOB_NAME_LENGTH_MAX } from "../../crds/index.ts";
import { controllerRevision, disruptionBudget, restService } from "./job-children.ts";
import { incarnationOf, podLabels, statefulSetName } from "./names.ts";
import { isOwnedBy } from "./owner.ts";

const job = {
  apiVersion: "streamjob.dev/v1alpha1",
  kind: "StreamJob",
  metadata: { name: "wc", namespace: "apps", uid: "u1" },
  spec: { job: { module: "/job.ts" } },
} as const;

test("NM2: the longest StatefulSet's name fits while there are fewer than 100,000 incarnations", () => {
  assert.ok(statefulSetName("x".repeat(JOB_NAME_LENGTH_MAX), 99_999, "taskmanager").length <= 52);
});

test("an incarnation is read from its label, and from nothing that is no number", () => {
  const of = (label: string | undefined) =>
    incarnationOf({ metadata: { labels: label === undefined ? {} : { "streamjob.dev/incarnation": label } } });
  assert.deepEqual(["3", "0", "-1", "x", "03", undefined].map(of), [3, null, null, null, null, null]);
  assert.equal(incarnationOf({ metadata: {} }), null);
});

test("P-10: a child is told by its owner's uid, not by its owner's name", () => {
  const service = restService(job, 2);
  assert.equal(isOwnedBy(service, "u1"), true);
  assert.equal(isOwnedBy(service, "u2"), false);
  assert.equal(isOwnedBy(service, undefined), false);
});

test("golden: the Service of the job, its budget and its revision", () => {
  assert.deepEqual(restService(job, 2).spec, {
    selector: podLabels("wc", 2, "jobmanager"),
    ports: [{ name: "rest", port: 8081, targetPort: 8081 }],
  });
  const budget = disruptionBudget(job, "taskmanager", 2);
  assert.equal(budget.metadata.name, "wc-taskmanager");
  assert.deepEqual(budget.spec, {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: podLabels("wc", 2, "taskmanager") },
  });
  const revision = controllerRevision(job, 4, "abc", { generation: 7, spec: job.spec });
  assert.equal(revision.metadata.name, "wc-abc");
  assert.equal(revision.revision, 4);
  assert.deepEqual(revision.data, { generation: 7, spec: job.spec });
});
