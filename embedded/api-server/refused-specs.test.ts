/** Specs that a decision could not be made about are refused when they are written, by the API server as by everyone else (T13). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type StreamJob, validateStreamJob } from "../../crds/index.ts";
import { systemClock, systemRandom } from "../../base/index.ts";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { openLocalApiServer } from "./local-api-server.ts";

const job = (spec: object): StreamJob =>
  ({
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "words", namespace: "default" },
    spec: { job: { module: "/job.ts" }, ...spec },
  }) as StreamJob;
const pods = (spec: unknown): object => ({ taskManager: { podTemplate: { spec } } });

const refused: Readonly<Record<string, readonly [object, RegExp]>> = {
  "a schedule outside of its bounds": [{ savepoints: { schedule: "61 * * * *" } }, /savepoints\.schedule.*minute 0-59/],
  "containers that are a text": [pods({ containers: "no" }), /podTemplate\.spec\.containers.*array|list/],
  "a container that is a text": [pods({ containers: ["no"] }), /containers\[0\]/],
  "a container without a name": [pods({ containers: [{ image: "x" }] }), /containers\[0\]\.name/],
  "variables that are an object": [pods({ containers: [{ name: "taskmanager", env: {} }] }), /containers\[0\]\.env/],
  "a variable without a name": [pods({ containers: [{ name: "a", env: [{ value: "1" }] }] }), /env\[0\]\.name/],
  "mounts that are a text": [pods({ containers: [{ name: "a", volumeMounts: "/x" }] }), /volumeMounts/],
  "volumes that are an object": [pods({ volumes: { name: "a" } }), /podTemplate\.spec\.volumes/],
  "pods that are not started again": [pods({ restartPolicy: "Never" }), /restartPolicy.*Always/],
};

for (const [name, [spec, words]] of Object.entries(refused)) {
  test(`refused when it is written: ${name}`, async () => {
    const server = await openLocalApiServer({ clock: systemClock, random: systemRandom });
    try {
      await assert.rejects(server.create("StreamJob", job(spec)), (error) => {
        assert.ok(isApiError(error, "Invalid"));
        assert.match(error.message, words);
        return true;
      });
      const validated = validateStreamJob(job(spec));
      assert.equal(validated.kind, "invalid");
    } finally {
      await server.close();
    }
  });
}

test("what a pod template says beside that is kept as it is", async () => {
  const spec = {
    containers: [
      { name: "taskmanager", env: [{ name: "A", value: "1" }], lifecycle: { preStop: { sleep: { seconds: 1 } } } },
    ],
    volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1Gi" } }],
    restartPolicy: "Always",
    tolerations: [{ key: "a", operator: "Exists" }],
  };
  const server = await openLocalApiServer({ clock: systemClock, random: systemRandom });
  try {
    const made = await server.create("StreamJob", job(pods(spec)));
    assert.deepEqual(made.spec.taskManager?.podTemplate?.spec, spec);
    assert.equal(validateStreamJob(made).kind, "valid");
  } finally {
    await server.close();
  }
});
