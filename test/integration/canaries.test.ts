/**
 * SEC-16: words that are only in secrets are looked for in everything that a job and its operator say: logs of all processes, events,
 * status, every answer of REST, metrics, and what a process was started with.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { createControl } from "../../runtime/rest/hand-written-control.test-support.ts";
import { createRoutes } from "../../runtime/rest/routes.ts";
import { seededRandom, silentLog, systemClock } from "../../base/index.ts";
import { NAMESPACE } from "../promises/rig-cluster.ts";
import { type Rig, withRig } from "../promises/rig.ts";
import { findWords, wordsOf } from "../security/secret-words.ts";

const CANARY = "canary-5d41402abc4b2a76";
const ROOT = { namespace: NAMESPACE, name: "streamjob-operator-root" };

/** Every path of REST that reads, for this job. */
function readingPaths(jobId: string): readonly string[] {
  const { control } = createControl();
  const parts = { control, clock: systemClock, random: seededRandom(1), log: silentLog, version: "0" };
  const routes = createRoutes({ ...parts, onAccepted: () => undefined, onTold: () => undefined });
  const paths = routes.filter(({ method }) => method === "GET").map(({ path }) => path);
  return ["/streamjob/incarnation", ...paths].map((path) => path.replace(":jobId", jobId).replace(/:\w+/g, "0"));
}

/** What processes of the job and of the cluster wrote into files: logs, not what the kubelet or a store keeps. */
function logsBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.log(\.\d+)?$/.test(path))
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "utf8"));
}

/** By where it was said. */
async function everythingSaid(rig: Rig): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>();
  const job = await rig.job();
  said.set("status", JSON.stringify(job.status));
  said.set("events", JSON.stringify((await rig.api.list("Event")).items));
  for (const kind of ["ConfigMap", "Pod", "StatefulSet", "Service", "ControllerRevision"] as const) {
    said.set(kind, JSON.stringify((await rig.api.list(kind, { namespace: NAMESPACE })).items));
  }
  for (const pod of await rig.pods()) {
    const { name } = pod.metadata;
    if (!name.startsWith("wc-1-")) continue; // it is on its way out
    said.set(`log of ${name}`, await rig.api.logs({ namespace: NAMESPACE, name }));
    const pid = await rig.cluster.pidOf({ namespace: NAMESPACE, name });
    if (pid !== null && existsSync(`/proc/${pid}/cmdline`)) {
      said.set(`arguments of ${name}`, readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    }
    const address = await rig.cluster.addressOf(`${name}.wc-1.${NAMESPACE}.svc`, 9249);
    if (address !== null) said.set(`metrics of ${name}`, await (await fetch(`http://${address}/metrics`)).text());
  }
  const jobId = job.status?.jobId ?? "";
  for (const path of readingPaths(jobId)) said.set(`REST ${path}`, (await rig.rest(path)) ?? "");
  for (const [index, text] of rig.cluster.logs
    .flatMap((path) => (statSync(path).isDirectory() ? logsBelow(path) : [readFileSync(path, "utf8")]))
    .entries()) {
    said.set(`log file ${index}`, text);
  }
  return said;
}

it("SEC-16: no word of a secret is in anything that a job, its processes and its operator say", () =>
  withRig("sec16", {}, async (rig) => {
    const metadata = { namespace: NAMESPACE, name: "words" };
    const data = { password: Buffer.from(CANARY).toString("base64") };
    await rig.api.create("Secret", { apiVersion: "v1", kind: "Secret", metadata, data });
    const secretKeyRef = { name: "words", key: "password" };
    const { spec } = rig.manifest();
    const job = { ...spec.job, env: [{ name: "WORDS_PASSWORD", valueFrom: { secretKeyRef } }] };
    await rig.apply(rig.manifest({ job } as Partial<typeof spec>));
    await rig.ready();
    // A restart and a failure are told at length.
    await rig.kill("jobmanager-0");
    await rig.moreCheckpoints(1);
    await rig.apply(rig.manifest({ job: { ...job, module: "/nowhere/job.ts" } } as Partial<typeof spec>));
    await rig.until("the change to be refused", async () => (await rig.condition("UpgradeBlocked"))?.status === "True");
    const secrets = (await rig.api.list("Secret", { namespace: NAMESPACE })).items;
    const root = await rig.api.get("Secret", ROOT);
    assert.ok(root !== null && secrets.some(({ metadata: { name } }) => name === "wc-1-tls"));
    const words = wordsOf([...secrets, root]);
    assert.equal(words.get("words/password"), CANARY);
    const said = await everythingSaid(rig);
    assert.ok(said.size > 30 && [...said.values()].filter((text) => text.length > 100).length > 15);
    // It is there where it belongs, so it could have been said.
    const pid = await rig.pid("jobmanager-0");
    assert.match(readFileSync(`/proc/${pid}/environ`, "utf8"), new RegExp(`WORDS_PASSWORD=${CANARY}`));
    assert.deepEqual(findWords(said, words), []);
  }));
