/**
 * FOI1 The operator is what the chart installs: two pods of the product's image, of which one leads. Another build of it takes its place while
 *     an upgrade stands still in a step, and the one before that in the next: so each step is carried on by both.
 */
import "./on-kubernetes.ts";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { PodTemplate, StreamJob } from "../../crds/index.ts";
import { systemRandom } from "../../base/index.ts";
import { imageArchive, jobImageArchive } from "../../tools/image.ts";
import { type Cluster, helm4Binary, skipWithoutCluster, testBinary } from "../environment/index.ts";
import { chartFolder, runHelm } from "../helm/chart.ts";
import { sharedCluster } from "../promises/kubernetes-rig-cluster.ts";
import { NAMESPACE, type Rig, withRig } from "../promises/rig.ts";
import { RATE } from "./pods-of-job.ts";

const helm4 = await testBinary(helm4Binary);
const skip = (await skipWithoutCluster()) || helm4.skip;
const RELEASE = "streams";
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

type Names = { readonly items: readonly { readonly metadata: { readonly name: string } }[] };
type Pods = {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
  }[];
};

/** The operator as a release of the chart, in a namespace of its own. */
class ReleasedOperator {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #storageRoot: string;

  constructor(cluster: Cluster, namespace: string, storageRoot: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#storageRoot = storageRoot;
  }

  /** Resolves when its pods, and no others, are there, and one of them leads. */
  async roll(rig: Rig, reference: string): Promise<void> {
    const [repository, tag] = reference.split(/:(?=[^:]*$)/);
    const values = {
      storageRoot: this.#storageRoot,
      watchNamespaces: [NAMESPACE],
      image: { repository, tag },
      // Pods of these tests mount folders of this machine.
      podTemplatePolicy: { enabled: false },
    };
    await this.#helm(
      ["upgrade", "--install", RELEASE, chartFolder, "--wait", "--take-ownership", "--force-conflicts"],
      values,
    );
    await rig.until(`an operator of ${reference} to lead`, async () => {
      const { items } = await this.#cluster.get<Pods>("pods", "--namespace", this.#namespace);
      const holder = await this.#holder();
      const areNew = items.every(({ spec }) => spec.containers.every(({ image }) => image === reference));
      return areNew && items.some(({ metadata }) => holder.includes(metadata.name));
    });
  }

  async remove(): Promise<void> {
    await this.#helm(["uninstall", RELEASE, "--wait"]);
    await this.#cluster.kubectl("delete", "namespace", this.#namespace, "--wait=false");
  }

  async #holder(): Promise<string> {
    const { items } = await this.#cluster.get<Names>("leases", "--namespace", this.#namespace);
    const name = items[0]?.metadata.name ?? "";
    if (name === "") return "";
    return this.#cluster.kubectl(
      "get",
      "lease",
      name,
      "--namespace",
      this.#namespace,
      "--output=jsonpath={.spec.holderIdentity}",
    );
  }

  async #helm(args: readonly string[], values?: object): Promise<void> {
    const { kubeconfig } = this.#cluster.access;
    const where = ["--namespace", this.#namespace, "--kubeconfig", kubeconfig, "--timeout", "10m"];
    const { code, stdout, stderr } = await runHelm(helm4.path(), [...args, ...where], values);
    assert.equal(code, 0, `helm ${args.join(" ")}: ${stdout}${stderr}`);
  }
}

/** This build by another name, and with another layer. */
async function nextBuild(cluster: Cluster): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "streamjob-next-"));
  try {
    const reference = `localhost/streamjob-next:${systemRandom.hex(4)}`;
    const lines = [
      "ARG STREAMJOB",
      "FROM ${STREAMJOB}",
      'LABEL org.opencontainers.image.version="next"',
      "COPY build ./",
    ];
    await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    await writeFile(join(folder, "build"), reference);
    const archive = join(folder, "image.tar");
    await jobImageArchive(folder, reference, archive, tell);
    await cluster.loadImage(archive);
    return reference;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Nobody takes a pod that stands still for dead while the operator is replaced. */
function patient(job: StreamJob): StreamJob {
  const template = (given: PodTemplate | undefined): PodTemplate => {
    const probe = { failureThreshold: 10_000 };
    const containers = (given?.spec?.containers ?? []).map((container) => ({
      ...container,
      livenessProbe: probe,
      startupProbe: probe,
    }));
    return { ...given, spec: { ...given?.spec, containers } };
  };
  const { jobManager, taskManager } = job.spec;
  return {
    ...job,
    spec: {
      ...job.spec,
      jobManager: { ...jobManager, podTemplate: template(jobManager?.podTemplate) },
      taskManager: { ...taskManager, podTemplate: template(taskManager?.podTemplate) },
    },
  };
}

const jobManagerOf = (incarnation: number) => ({ namespace: NAMESPACE, name: `wc-${incarnation}-jobmanager-0` });
const taskManagerOf = (incarnation: number) => ({ namespace: NAMESPACE, name: `wc-${incarnation}-taskmanager-0` });

async function wake(rig: Rig, incarnation: number): Promise<void> {
  process.kill((await rig.cluster.pidOf(jobManagerOf(incarnation))) ?? 0, "SIGCONT");
}

type Phase = {
  readonly step: string;
  readonly standby: "warm" | "cold";
  /** From incarnation `from` on, called before the upgrade is asked for. */
  hold(rig: Rig, from: number): Promise<void>;
  release(rig: Rig, from: number): Promise<void>;
};

/** The new JobManager stands still there. */
const newJobManagerAt = (step: string, failpoint: string): Phase => ({
  step,
  standby: "warm",
  hold: async (rig) => rig.images.arm("jobmanager", `${failpoint}=stop@1`),
  release: (rig, from) => wake(rig, from + 1),
});

const phases: readonly Phase[] = [
  newJobManagerAt("Standby", "jm:after-epoch-claim"),
  {
    step: "Stopping",
    standby: "warm",
    hold: async (rig, from) => rig.standStill((await rig.cluster.pidOf(jobManagerOf(from))) ?? 0),
    release: wake,
  },
  newJobManagerAt("Activating", "jm:before-activation"),
  newJobManagerAt("Proving", "jm:before-manifest"),
  {
    step: "Terminating",
    standby: "cold",
    hold: async (rig, from) => {
      await rig.api.patch("Pod", taskManagerOf(from), { metadata: { finalizers: ["example.org/hold"] } });
    },
    release: async (rig, from) => {
      await rig.api.patch("Pod", taskManagerOf(from), { metadata: { finalizers: null } });
    },
  },
];

describe("an operator whose image is replaced", { skip }, () => {
  it("by a newer build, and that by the older one, carries each step of an upgrade on: one incarnation for each upgrade, the sink is exact", () =>
    withRig("operator-image", { rate: RATE, withOperator: false }, async (rig) => {
      const cluster = await sharedCluster();
      const { reference } = await imageArchive(tell);
      const builds = [reference, await nextBuild(cluster)] as const;
      const operator = new ReleasedOperator(cluster, await cluster.makeNamespace("ops"), rig.cluster.storageRoot);
      await operator.roll(rig, builds[0]);
      await rig.apply(patient(rig.manifest()));
      await rig.ready();
      for (const [place, phase] of phases.entries()) {
        const from = (await rig.status()).active?.incarnation ?? 0;
        await phase.hold(rig, from);
        const upgrade = { standby: phase.standby, deployTimeout: "1h" } as const;
        await rig.apply(patient(rig.manifest({ restartNonce: place, upgrade })));
        await rig.until(`step ${phase.step}`, async () => (await rig.status()).operation?.step === phase.step);
        await operator.roll(rig, builds[(place + 1) % 2] ?? "");
        assert.equal(
          (await rig.status()).operation?.step,
          phase.step,
          "it stands there while the operator is replaced",
        );
        await phase.release(rig, from);
        await rig.ready();
        const { incarnations, active, failed } = await rig.status();
        assert.deepEqual([incarnations, active?.incarnation, failed], [place + 2, place + 2, undefined], phase.step);
        rig.assertUnbroken();
      }
      await rig.assertExact();
      await operator.remove();
    }));
});
