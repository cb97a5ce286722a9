import assert from "node:assert/strict";
import test from "node:test";
import { setEnvironmentVariable } from "../../base/index.ts";
import type { Container, Pod } from "../../operator/kubernetes/api/index.ts";
import { planContainer } from "./container-plan.ts";

const container = (name: string): Container => ({
  name: "patient",
  image: "v1",
  args: ["patient"],
  env: [{ name, valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
});

const planOf = (variable: string) => {
  const spec = { containers: [container(variable)] };
  const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "test" }, spec };
  return planContainer(pod, container(variable), {
    images: () => ({ patient: { command: "node", args: ["patient.ts"] } }),
    resolve: () => Promise.resolve(null),
    podFolder: "/nowhere/pod",
    claimsFolder: "/nowhere/claims",
    readConfigMap: () => Promise.resolve(null),
    readSecret: () => Promise.resolve(null),
  });
};

test("a variable of a Secret is the one of that name that the control plane was started with, or refused", async () => {
  setEnvironmentVariable("STREAMJOB_TEST_SECRET", "from the laptop");
  const planned = await planOf("STREAMJOB_TEST_SECRET");
  // Not in the plan: the process inherits it.
  assert.deepEqual(planned, { kind: "ready", plan: { command: "node", args: ["patient.ts"], env: {} } });
  const refused = await planOf("STREAMJOB_TEST_NO_SECRET");
  assert.match(JSON.stringify(refused), /CreateContainerConfigError.*STREAMJOB_TEST_NO_SECRET is of secret/);
});
