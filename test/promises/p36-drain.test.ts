import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { ActivitySampler } from "./activity-sampler.ts";
import { figure } from "./figures.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const WITNESSED = fileURLToPath(new URL("../integration/jobs/witnessed-words.ts", import.meta.url));
const MORE = 200;

class Witness {
  readonly #path: string;
  readonly #rig: Rig;

  constructor(rig: Rig, path: string) {
    this.#rig = rig;
    this.#path = path;
  }

  lines(): readonly string[] {
    return existsSync(this.#path) ? readFileSync(this.#path, "utf8").split("\n").slice(0, -1) : [];
  }

  /** For the second time. */
  twice(): number {
    const lines = this.lines();
    return lines.length - new Set(lines).size;
  }

  async moreRecords(): Promise<void> {
    const before = this.lines().length;
    await this.#rig.until("more records to be processed", () => this.lines().length >= before + MORE);
  }
}

/** As an eviction: the pods get their grace, and others take their place. */
async function drain(rig: Rig, pods: readonly string[]): Promise<void> {
  const uids = new Map((await rig.pods()).map(({ metadata }) => [metadata.name, metadata.uid]));
  for (const name of pods) await rig.api.delete("Pod", { namespace: NAMESPACE, name });
  await rig.until(`other pods to be in the place of ${pods.join(" and ")}`, async () => {
    const now = new Map((await rig.pods()).map(({ metadata }) => [metadata.name, metadata.uid]));
    return pods.every((name) => now.has(name) && now.get(name) !== uids.get(name));
  });
  await rig.until("the job to run", async () => (await rig.incarnation(1))?.job?.status === "RUNNING");
}

it("P-36 pods that are drained, one after the other and together, take a checkpoint first: no record is processed twice, no JobManager beside another", () =>
  withRig("s36", {}, async (rig) => {
    const witness = new Witness(rig, rig.workspace.path("witness"));
    const numbers = ["--count", "1000000", "--rate", "600", "--words", "31"];
    const args = [...numbers, "--output", rig.output, "--witness", rig.workspace.path("witness")];
    // No checkpoint comes by itself: what a drain does not save is processed twice, all of it.
    await rig.apply(
      rig.manifest({ job: { module: WITNESSED, args }, parallelism: 2, checkpoints: { interval: "1h" } }),
    );
    await rig.checkpointOfLines(1);
    await rig.ready();
    const sampler = new ActivitySampler(rig);
    const drains = [["wc-1-taskmanager-0"], ["wc-1-jobmanager-0"], ["wc-1-jobmanager-0", "wc-1-taskmanager-0"]];
    for (const pods of drains) {
      await witness.moreRecords();
      await drain(rig, pods);
    }
    await witness.moreRecords();
    await rig.ready();
    await sampler.close();
    assert.equal(witness.twice(), 0, "records were processed twice");
    assert.deepEqual(sampler.violations, []);
    assert.equal((await rig.status()).restarts, 0, "a drain is no failure of the job");
    figure("P-36", `3 drains, ${witness.lines().length} records seen, 0 of them twice; ${sampler.samples} samples`);
    await rig.checkpointNow(1);
    rig.assertUnbroken();
  }));
