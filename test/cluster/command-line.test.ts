/**
 * The command line against a cluster whose pods run on nodes: `run` follows a manifest through an upgrade, what a JobManager knows is asked through
 * the API server, and `port-forward` leads to whichever JobManager is active.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createLog, systemClock, systemRandom } from "../../base/index.ts";
import { streamJobDefinition, streamJobSnapshotDefinition } from "../../crds/index.ts";
import { openJobAuthority, operatorIdentities } from "../../operator/certificates/index.ts";
import { type Controller, startController } from "../../operator/controller/index.ts";
import { certificatePolicy } from "../../operator/engine/index.ts";
import { createHttpJobManagerApi, nativeEngine } from "../../operator/engine-native/index.ts";
import { connectKubernetes, type KubernetesConnection } from "../../operator/kubernetes/client/index.ts";
import { imageArchive } from "../../tools/image.ts";
import { testCluster } from "../environment/index.ts";
import { until } from "../kubernetes/until.ts";

const testing = await testCluster({ needs: "failures" });
const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const PATIENCE_MS = 240_000;
const clock = systemClock;

/** Prints a word each second. */
const moduleText = `
import { job, t } from "streamjob";
import { generatorSource, printSink } from "streamjob/connectors/basic";
export default job((env) => {
  env
    .fromSource(generatorSource({ generate: (index) => "word-" + index, type: t.string, ratePerSecond: 1 }), { uid: "words" })
    .sinkTo(printSink(), { uid: "shown" });
});
`;

describe("the command line in a cluster", { skip: testing.skip }, () => {
  let folder: string;
  let namespace: string;
  let connection: KubernetesConnection;
  let controller: Controller;
  let jobManagers: ReturnType<typeof createHttpJobManagerApi>;
  const running: ChildProcess[] = [];

  before(async () => {
    const cluster = testing.gives();
    const { path, reference } = await imageArchive((line) => void process.stderr.write(`${line}\n`));
    await cluster.loadImage(path);
    await cluster.apply(streamJobDefinition(), streamJobSnapshotDefinition());
    await cluster.whenStreamJobsAreServed();
    namespace = await cluster.makeNamespace("cli");
    folder = mkdtempSync(join(tmpdir(), "streamjob-cli-"));
    mkdirSync(join(folder, "state"));
    // Pods run as a user of their own.
    for (const each of [folder, join(folder, "state")]) chmodSync(each, 0o777);
    const { kubeconfig } = cluster.access;
    connection = await connectKubernetes({ clock, kubeconfig, fieldManager: "streamjob-operator", namespace });
    const { api } = connection;
    const authority = await openJobAuthority(api, { namespace, name: "root" }, systemRandom);
    jobManagers = createHttpJobManagerApi({
      clock,
      identityOf: operatorIdentities(authority, certificatePolicy, clock),
      addressOf: async (host, port) => {
        const [name = "", , of = namespace] = host.split(".");
        const ip = (await api.get("Pod", { namespace: of, name }))?.status?.podIP ?? "";
        return ip === "" ? null : `https://${ip}:${port}`;
      },
    });
    controller = await startController({
      api,
      certificates: { authority, policy: certificatePolicy },
      jobManagers,
      settings: {
        storageRoot: pathToFileURL(join(folder, "state")).href,
        defaultImage: reference,
        engine: nativeEngine,
      },
      clock,
      random: systemRandom,
      log: createLog({ process: "operator" }, { file: join(folder, "operator.log") }),
      identity: "test",
      namespaces: [namespace],
      election: null,
      endpoints: null,
    });
  });
  afterEach(async () => {
    for (const child of running.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
    await testing.gives().kubectl("delete", "streamjobs", "--all", "-n", namespace, "--wait=true", "--timeout=120s");
  });
  after(async () => {
    await controller.stop();
    jobManagers.close();
    connection.close();
    await testing.gives().kubectl("delete", "namespace", namespace, "--wait=false");
    rmSync(folder, { recursive: true, force: true });
  });

  function start(...words: string[]) {
    const args = [main, "--kubeconfig", testing.gives().access.kubeconfig, ...words, "-n", namespace];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    running.push(child);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (text += String(piece)));
    const ended = once(child, "close").then(([code]) => code as number | null);
    const says = (what: RegExp): Promise<void> =>
      until(`${words[0]} to say ${String(what)}`, async () => what.test(text), PATIENCE_MS).catch((error: unknown) => {
        throw new Error(`${String(error)}; it said:\n${text}`);
      });
    return { says, ended, text: () => text, interrupt: () => child.kill("SIGINT") };
  }

  /** The store is a folder of this machine, which the nodes have at its own path. */
  function manifest(parallelism: number): string {
    const template = (component: string) => ({
      podTemplate: {
        spec: {
          containers: [{ name: component, volumeMounts: [{ name: "state", mountPath: folder }] }],
          volumes: [{ name: "state", hostPath: { path: folder } }],
        },
      },
    });
    return JSON.stringify({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "words" },
      spec: {
        job: { inline: moduleText },
        parallelism,
        checkpoints: { interval: "1s" },
        jobManager: template("jobmanager"),
        taskManager: template("taskmanager"),
      },
    });
  }

  it("run follows a manifest through an upgrade; live facts and port-forward lead to the JobManager that is active", async () => {
    const file = join(folder, "words.json");
    writeFileSync(file, `${manifest(1)}\n`);
    const run = start("run", file, "--rm");
    await run.says(/Ready: generation 1 runs/);
    await run.says(/word-\d+/);

    const forward = start("port-forward", "words");
    await forward.says(/leads to incarnation 1, pod words-1-jobmanager-0/);
    const url = /^(http:\/\/127\.0\.0\.1:\d+)$/m.exec(forward.text())?.[1] ?? "";
    const jobs = async (): Promise<string> => (await fetch(`${url}/v1/jobs`)).text();
    assert.match(await jobs(), /"status":"RUNNING"/);

    const get = start("get", "-o", "wide");
    assert.equal(await get.ended, 0, get.text());
    // The checkpoint is the JobManager's word: its age has no question mark.
    assert.match(get.text(), /^words +True +Running /m);
    assert.doesNotMatch(get.text(), /\?|portforward/);

    const before = await jobs();
    writeFileSync(file, `${manifest(2)}\n`);
    await run.says(/Ready: generation 2 runs .*down for at most/);
    await forward.says(/leads to incarnation 2, pod words-2-jobmanager-0/);
    const now = await jobs();
    assert.match(now, /"status":"RUNNING"/);
    assert.notEqual(now, before, "the same port leads to the next JobManager, whose job has an id of its own");

    run.interrupt();
    assert.equal(await run.ended, 0, run.text());
    assert.match(run.text(), /What this command created is deleted/);
    assert.equal(await forward.ended, 1, forward.text());
    assert.match(forward.text(), /StreamJob words .* was deleted/);
  });
});
