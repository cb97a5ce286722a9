/**
 * Owns: the contract of an API server, held against a real one. Started by `npm run contract`, which says where that is.
 *
 * RAS1 Each test has a namespace made for it. Namespaces are not taken away: without a namespace controller they would only stay
 *     `Terminating`.
 */
import assert from "node:assert/strict";
import { before } from "node:test";
import {
  type CustomResourceDefinition,
  streamJobDefinition,
  streamJobSnapshotDefinition,
} from "../../../crds/index.ts";
import { describeKubernetesApi } from "./api-conformance.ts";
import { HttpKubernetesApi } from "../client/index.ts";
import { environmentVariable, sleep, systemClock, systemRandom } from "../../../base/index.ts";

type Settings = { readonly url: string; readonly token: string | null; readonly collectsGarbage: boolean };
type Established = { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } };

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const ESTABLISHED_MS = 30_000;

const told = environmentVariable("STREAMJOB_CONTRACT");
assert.ok(told !== undefined, "STREAMJOB_CONTRACT is not set: run `npm run contract`");
const { url, token, collectsGarbage } = JSON.parse(told) as Settings;

async function ask(method: "GET" | "POST" | "PATCH", path: string, body?: object): Promise<unknown> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      "Content-Type": method === "PATCH" ? "application/apply-patch+yaml" : "application/json",
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path} was answered with ${response.status}: ${text}`);
  return JSON.parse(text);
}

async function install(definition: CustomResourceDefinition): Promise<void> {
  const path = `${DEFINITIONS}/${definition.metadata.name}`;
  await ask("PATCH", `${path}?fieldManager=contract&force=true`, definition);
  const endMs = systemClock.monotonicMs() + ESTABLISHED_MS;
  for (;;) {
    const { status } = (await ask("GET", path)) as Established;
    if (status?.conditions?.some((one) => one.type === "Established" && one.status === "True") === true) return;
    assert.ok(systemClock.monotonicMs() < endMs, `${definition.metadata.name} was not established`);
    await sleep(systemClock, 100);
  }
}

before(async () => {
  for (const definition of [streamJobDefinition(), streamJobSnapshotDefinition()]) await install(definition);
});

describeKubernetesApi(
  `the API server at ${url}`,
  async () => {
    const namespace = `contract-${systemRandom.hex(6)}`;
    await ask("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const api = new HttpKubernetesApi({ baseUrl: url, clock: systemClock, ...(token === null ? {} : { token }) });
    return { api, namespace, close: async () => api.close() };
  },
  { collectsGarbage },
);
