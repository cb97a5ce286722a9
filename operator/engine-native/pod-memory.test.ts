import assert from "node:assert/strict";
import test from "node:test";
import { type StreamJobSpec, withDefaults } from "../../crds/index.ts";
import { incarnationChildren } from "./incarnation-children.ts";
import { containerMemoryMiB, memoryRefusal } from "./pod-memory.ts";

const small: StreamJobSpec = { job: { module: "/job.ts" } };
const memory = (text: string | number): { limits: { memory: string | number } } => ({ limits: { memory: text } });
const inTemplate = (resources: object) => ({
  spec: { containers: [{ name: "taskmanager", resources }] },
});

test("an amount is read as Kubernetes reads it, down to whole MiB", () => {
  const amounts: readonly (readonly [string | number, number])[] = [
    ["1Gi", 1024],
    ["1.5Gi", 1536],
    ["512Mi", 512],
    ["1G", 953],
    ["1000000k", 953],
    [1_073_741_824, 1024],
    ["1073741824000m", 1024],
    ["2Ti", 2_097_152],
  ];
  for (const [text, mib] of amounts) {
    const spec = withDefaults({ ...small, taskManager: { resources: memory(text) } });
    assert.equal(containerMemoryMiB(spec, "taskmanager"), mib, String(text));
  }
});

test("PME1 the limit counts, else the request; of the spec, else of the template", () => {
  const of = (taskManager: NonNullable<StreamJobSpec["taskManager"]>): number | null =>
    containerMemoryMiB(withDefaults({ ...small, taskManager }), "taskmanager");
  const requests = { requests: { memory: "1Gi" } };
  assert.equal(of({}), null);
  assert.equal(of({ resources: { limits: { cpu: "1" } } }), null);
  assert.equal(of({ resources: requests }), 1024);
  assert.equal(of({ resources: { ...requests, ...memory("2Gi") } }), 2048);
  assert.equal(of({ podTemplate: inTemplate(memory("3Gi")) }), 3072);
  assert.equal(of({ resources: requests, podTemplate: inTemplate(memory("3Gi")) }), 3072);
  assert.equal(of({ resources: memory("2Gi"), podTemplate: inTemplate(memory("3Gi")) }), 2048);
});

test("processes are told: a TaskManager its memory, a JobManager's Node its heap, which a user's own options replace", () => {
  const sets = (more: Partial<StreamJobSpec>) => {
    const spec = { ...small, ...more };
    const { jobManagerSet, taskManagerSet } = incarnationChildren({
      job: {
        apiVersion: "streamjob.dev/v1alpha1",
        kind: "StreamJob",
        metadata: { name: "wc", namespace: "apps", uid: "u1" },
        spec,
      },
      number: 1,
      spec: withDefaults(spec),
      jobId: "ab".repeat(16),
      storeUri: "/state",
      savepointDirectory: "/state/savepoints",
      configMapName: "wc-3-c0ffee00",
      defaultImage: "streamjob:1",
    });
    return [jobManagerSet, taskManagerSet].map(({ spec: { template } }) =>
      template.spec.containers[0]?.env?.filter(({ name }) => /^NODE_OPTIONS$|MEMORY/.test(name)),
    );
  };
  const options = (value: string) => [{ name: "NODE_OPTIONS", value }];
  assert.deepEqual(sets({}), [[], []]);
  const both = { jobManager: { resources: memory("1Gi") }, taskManager: { resources: memory("2Gi") } };
  assert.deepEqual(sets(both), [
    options("--max-old-space-size=826"),
    [{ name: "STREAMJOB_MEMORY_MIB", value: "2048" }],
  ]);
  const own = { ...small.job, env: [{ name: "NODE_OPTIONS", value: "--trace-warnings" }] };
  assert.deepEqual(sets({ ...both, job: own })[0], options("--trace-warnings"));
  assert.deepEqual(sets({ config: { "jobmanager.memory.heap.size": "300" } })[0], options("--max-old-space-size=300"));
});

test("memory that would not do is refused with numbers and the field to change", () => {
  const refusal = (more: Partial<StreamJobSpec>): string | null => memoryRefusal(withDefaults({ ...small, ...more }));
  assert.equal(refusal({}), null);
  assert.equal(refusal({ taskManager: { resources: memory("1Gi"), slots: 4 } }), null);
  assert.match(
    refusal({ taskManager: { resources: memory("256Mi"), slots: 4 } }) ?? "",
    /a TaskManager with 4 slots needs \d+ MiB and has 256 MiB: .*spec\.taskManager\.resources\.limits\.memory/,
  );
  assert.match(
    refusal({ jobManager: { resources: memory("64Mi") } }) ?? "",
    /a JobManager needs \d+ MiB and has 64 MiB: .*spec\.jobManager\.resources\.limits\.memory/,
  );
  assert.match(
    refusal({ config: { "taskmanager.memory.process.size": "2g" } }) ?? "",
    /^spec\.config: taskmanager\.memory\.process\.size is "2g"/,
  );
});
