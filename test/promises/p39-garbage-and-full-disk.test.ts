/** Real processes, as a person starts them: what comes in, and what cannot be written, ends none of them. On a real cluster: p39-pods.test.ts. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { seededRandom, sleep, systemClock } from "../../base/index.ts";
import { garbageRequest, sendAll } from "../integration/garbage.ts";
import { visibleParts } from "../integration/part-files.ts";
import { type RunningCommand, Workplace } from "../e2e/streamjob-command.ts";
import { podsLast } from "./lasting-pods.ts";
import { listeningPorts } from "./listening-ports.ts";
import { isOnKubernetes } from "./rig-cluster.ts";

const SEED = 39;
/** A port. */
const REQUESTS = 60;
const DEADLINE_MS = 60_000;
const MODULE = join(import.meta.dirname, "jobs", "counted-words.ts");

const work = new Workplace();
const home = work.path("home");
const plane = join(home, "control-plane");
const output = work.path("output");
mkdirSync(home);
const isMounted = !isOnKubernetes && spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", home]).status === 0;
after(async () => {
  if (isMounted) spawnSync("umount", ["--lazy", home]);
  await work.close();
});

const manifest = work.path("wc.yaml");
writeFileSync(
  manifest,
  JSON.stringify({
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc" },
    spec: {
      job: { module: MODULE, args: ["--count", "1000000", "--rate", "300", "--output", output] },
      parallelism: 2,
      checkpoints: { interval: "200ms" },
    },
  }),
);

if (isOnKubernetes)
  test("P-39 a full disk of the store or a garbage request ends no pod, and with room checkpoints complete", podsLast);
else test("P-39 a full disk, an unwritable log or a garbage request ends no process that runs jobs", onLaptop);

async function onLaptop(t: TestContext): Promise<void> {
  const run = work.start("run", manifest);
  await run.until("it is Ready", () => (run.stdout + run.stderr).includes("Ready"));
  const before = pods();
  assert.ok(before.length >= 2, "a JobManager and a TaskManager are processes of their own");

  await t.test("what it writes is its owner's alone (T43)", () => {
    const open = [plane, ...below(plane)].filter((path) => (lstatSync(path).mode & 0o077) !== 0);
    assert.deepEqual(open, []);
  });

  await t.test("garbage on every port", async (inner) => {
    if (process.platform !== "linux") return inner.skip("the ports of a process are read from /proc");
    const ports = [run.pid, ...before].flatMap(listeningPorts);
    assert.ok(ports.length >= 4, `API server, REST, RPC and data ports are expected; found ${ports.join()}`);
    const random = seededRandom(SEED);
    for (const port of ports) {
      const garbage = Array.from({ length: REQUESTS }, () => garbageRequest({ random }));
      await sendAll(port, [Buffer.from("GET // HTTP/1.1\r\nHost: a\r\n\r\n"), ...garbage]);
    }
    await more(run, "records after the garbage");
    assert.deepEqual(pods(), before, "the same processes as before");
  });

  await t.test("a home folder that fills", async (inner) => {
    if (!isMounted) return inner.skip("a small disk cannot be mounted here: it needs root");
    const failedBefore = (await checkpoints()).failed;
    fill(join(home, "filler"));
    await run.until("the log is missed", () => /control plane's log cannot be written/.test(run.stderr));
    await until("a failed checkpoint", async () => (await checkpoints()).failed > failedBefore);
    const refused = await change(1);
    assert.deepEqual([refused.status, /STORE_FULL/.test(await refused.text())], [503, true]);
    rmSync(join(home, "filler"));
    await more(run, "records when there is room again");
    assert.equal((await change(2)).status, 200);
    await until("the log goes on", async () => {
      const text = readFileSync(join(plane, "control-plane.log"), "utf8");
      return text.includes("log lines were lost");
    });
    assert.deepEqual(pods(), before, "the same processes as before");
  });

  run.signal("SIGINT");
  assert.equal(await run.exit(), 0, run.stderr);
}

/** Files and folders; not what is in a store of checkpoints, and links say nothing of what they lead to. */
function below(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() || entry.name === "checkpoints") return [];
    return entry.isDirectory() ? [path, ...below(path)] : [path];
  });
}

/** Process ids of the pods, by the kubelet's own list. */
function pods(): number[] {
  return readdirSync(join(plane, "kubelet", "children")).flatMap((name) =>
    Number(/^(\d+)\.json$/.exec(name)?.[1] ?? []),
  );
}

type ApiCall = { readonly method?: string; readonly contentType?: string; readonly body?: string };

async function api(path: string, { contentType, ...init }: ApiCall = {}): Promise<Response> {
  const { url, token } = JSON.parse(readFileSync(join(plane, "endpoint.json"), "utf8")) as Record<string, string>;
  return fetch(`${url}${path}`, {
    ...init,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(contentType === undefined ? {} : { "Content-Type": contentType }),
    },
  });
}

/** A change that costs nothing: the operator notes in the status, and says in its log, that it has seen it. */
function change(count: number): Promise<Response> {
  return api("/apis/streamjob.dev/v1alpha1/namespaces/default/streamjobs/wc", {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: JSON.stringify({ spec: { savepoints: { retain: { count } } } }),
  });
}

async function checkpoints(): Promise<{ readonly completed: number; readonly failed: number }> {
  const found = await api("/streamjob/address?namespace=default&host=wc-rest&port=8081");
  const { address } = (await found.json()) as { address: string };
  const { jobs } = (await (await fetch(`http://${address}/jobs`)).json()) as { jobs: { id: string }[] };
  const all = await fetch(`http://${address}/jobs/${jobs[0]?.id}/checkpoints`);
  return ((await all.json()) as { counts: { completed: number; failed: number } }).counts;
}

/** A checkpoint completes, and with it the sink shows more. */
async function more(run: RunningCommand, what: string): Promise<void> {
  const parts = visibleParts(output).length;
  const { completed } = await checkpoints();
  await until(what, async () => {
    assert.equal(run.exitCode, null, run.stderr);
    return (await checkpoints()).completed > completed && visibleParts(output).length > parts;
  });
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() < endMs, `${what}: not within ${DEADLINE_MS} ms`);
    await sleep(systemClock, 20);
  }
}

/** Takes all the room there is. */
function fill(path: string): void {
  for (let bytes = 1 << 20; bytes >= 512; ) {
    try {
      writeFileSync(path, Buffer.alloc(bytes), { flag: "a" });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
      bytes >>= 1;
    }
  }
}
