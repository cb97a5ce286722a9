import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import type { StreamJob, StreamJobSpec } from "../../crds/index.ts";
import { figure } from "./figures.ts";
import { followWatch } from "./follow-watch.ts";
import { isReadyToKubectl, kstatus, type Verdict } from "./kstatus.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

type Moment = {
  readonly generation: number;
  readonly observedGeneration: number | undefined;
  readonly verdict: Verdict;
  readonly isReady: boolean;
  readonly jobId: string | undefined;
  readonly incarnation: number | undefined;
  readonly phase: string | undefined;
  /** Manifests in the active incarnation's store at that moment, its fence not counted. */
  readonly manifests: number;
};

/** Every version of the StreamJob that there ever was, as a tool sees it that watches. */
class Observer {
  readonly moments: Moment[] = [];
  readonly #ending = new AbortController();
  readonly #rig: Rig;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  async open(): Promise<void> {
    const { resourceVersion } = await this.#rig.api.list("StreamJob", { namespace: NAMESPACE });
    const { signal } = this.#ending;
    void followWatch(this.#rig, "StreamJob", { namespace: NAMESPACE, resourceVersion, signal }, (event) => {
      if (event.type !== "BOOKMARK") this.moments.push(this.#momentOf(event.object));
    });
  }

  /** Moments of a generation, in order. */
  of(generation: number): readonly Moment[] {
    return this.moments.filter((moment) => moment.generation === generation);
  }

  close(): void {
    this.#ending.abort();
  }

  #momentOf(job: StreamJob): Moment {
    const status = (job.status ?? {}) as {
      readonly observedGeneration?: number;
      readonly jobId?: string;
      readonly incarnation?: number;
      readonly phase?: string;
    };
    const { observedGeneration, jobId, incarnation, phase } = status;
    const folder = join(this.#rig.storeFolder(jobId ?? "none"), "chk");
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".manifest")) : [];
    return {
      generation: job.metadata.generation ?? 0,
      observedGeneration,
      verdict: kstatus(job),
      isReady: isReadyToKubectl(job),
      jobId,
      incarnation,
      phase,
      manifests: names.filter((name) => name !== "0000000001.manifest").length,
    };
  }
}

/** NUMBER in the environment of the pods of an incarnation: the edit that it was made for. */
async function numberOf(rig: Rig, incarnation: number): Promise<number> {
  const set = await rig.api.get("StatefulSet", { namespace: NAMESPACE, name: `wc-${incarnation}-jobmanager` });
  const env = set?.spec.template.spec.containers[0]?.env ?? [];
  return Number(env.find(({ name }) => name === "NUMBER")?.value);
}

it("P-23 Ready and kstatus' Current are said only when the generation runs and has completed a checkpoint; edits without effect are observed too", () =>
  withRig("s23", {}, async (rig) => {
    const observer = new Observer(rig);
    await observer.open();
    const { job } = rig.manifest().spec;
    const numbered = (number: number, more: Partial<StreamJobSpec> = {}): StreamJob =>
      rig.manifest({ job: { ...job, env: [{ name: "NUMBER", value: String(number) }] }, ...more });
    /** Incarnation that runs for a generation. */
    const ranAs = new Map<number, number>();
    const settle = async (manifest: StreamJob, number: number): Promise<number> => {
      const generation = (await rig.apply(manifest)).metadata.generation ?? 0;
      await rig.ready();
      const { active } = await rig.status();
      assert.equal(active?.generation, generation);
      assert.equal(await numberOf(rig, active.incarnation), number);
      ranAs.set(generation, active.incarnation);
      return generation;
    };
    await settle(numbered(1), 1);
    await settle(numbered(2), 2);
    await settle(numbered(3, { upgrade: { mode: "last-state", standby: "cold" } }), 3);
    const pods = (await rig.pods()).map(({ metadata }) => metadata.uid ?? "").sort();
    // Without effect on what runs.
    const noop = numbered(3, { upgrade: { savepointTimeout: "7m" }, savepoints: { retain: { count: 4 } } });
    const idle = await settle(noop, 3);
    assert.deepEqual((await rig.pods()).map(({ metadata }) => metadata.uid ?? "").sort(), pods);
    await rig.until("the edit without effect to be seen", () =>
      observer.of(idle).some(({ observedGeneration, verdict }) => observedGeneration === idle && verdict === "Current"),
    );

    // A version that cannot run is never said to be current: a person is needed, and that is said.
    const wrong = numbered(4, { job: { module: "/nowhere/job.ts" } });
    const bad = (await rig.apply(wrong)).metadata.generation ?? 0;
    await rig.until("kstatus to say Failed", async () => kstatus(await rig.job()) === "Failed");
    await rig.moreCheckpoints(2);
    assert.ok(!observer.of(bad).some(({ verdict, isReady }) => verdict === "Current" || isReady));
    await settle(numbered(5), 5);

    const said = observer.moments.filter(({ verdict, isReady }) => verdict === "Current" || isReady);
    assert.ok(said.length > 0);
    for (const moment of said) {
      const text = JSON.stringify(moment);
      assert.equal(moment.observedGeneration, moment.generation, text);
      assert.equal(
        moment.incarnation,
        ranAs.get(moment.generation),
        `another incarnation than that generation's: ${text}`,
      );
      assert.ok(moment.manifests > 0, `before its first checkpoint: ${text}`);
      // Both tools say the same.
      assert.ok(moment.verdict === "Current" && moment.isReady, text);
    }
    assert.equal(observer.moments[0]?.verdict, "InProgress", "an object that nobody has looked at yet");
    figure("P-23", `${observer.moments.length} versions of the object, ${said.length} Current, all true`);
    await rig.assertExact();
    await rig.until("the end to be seen", () => observer.moments.at(-1)?.phase === "Finished");
    assert.equal(observer.moments.at(-1)?.verdict, "Current");
    observer.close();
  }));
