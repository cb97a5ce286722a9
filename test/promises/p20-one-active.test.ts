import assert from "node:assert/strict";
import { it } from "node:test";
import type { StreamJobSpec } from "../../crds/index.ts";
import { ActivitySampler } from "./activity-sampler.ts";
import { type Dice, diceOf } from "./dice.ts";
import { figure } from "./figures.ts";
import type { OperatorRun } from "./operator-run.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { assertOneChain, readStoreViews } from "./stores.ts";

const isLong = process.env["STREAMJOB_ALL"] === "1";
const UPGRADES = isLong ? 100 : 10;
const RATE = 300;

const steps = ["Standby", "Stopping", "Terminating", "Activating", "Proving"] as const;

class Chaos {
  operator: OperatorRun;
  kills = 0;
  readonly #rig: Rig;
  readonly #sampler: ActivitySampler;
  readonly #roll: Dice;

  constructor(rig: Rig, sampler: ActivitySampler, roll: Dice) {
    this.#rig = rig;
    this.#sampler = sampler;
    this.#roll = roll;
    this.operator = rig.runOperator();
  }

  /** Waits for a step of the upgrade, or its end, and kills something. */
  async strike(generation: number): Promise<void> {
    const rig = this.#rig;
    const step = steps[this.#roll(steps.length)];
    await rig.until(`the upgrade to be in ${step}, or over`, async () => {
      const { operation, observedGeneration } = await rig.status();
      return operation === undefined ? observedGeneration >= generation : operation.step === step;
    });
    const { operation, active } = await rig.status();
    const old = operation?.from ?? active?.incarnation ?? 1;
    const young = operation?.to ?? old;
    const victims = [
      () => this.#kill(`wc-${old}-jobmanager-0`),
      () => this.#kill(`wc-${old}-taskmanager-0`),
      () => this.#kill(`wc-${young}-jobmanager-0`),
      () => this.#kill(`wc-${young}-taskmanager-0`),
      () => this.#killOperator(),
      () => this.#loseNode(active?.incarnation ?? old),
    ];
    rig.workspace.note(`in ${operation?.step ?? "no step"} of generation ${generation}:`);
    await victims[this.#roll(victims.length)]?.();
  }

  /** Nobody may take over from pods that a lost node may still run (P-12): where that is waited for, the node comes back. */
  async settle(): Promise<void> {
    const rig = this.#rig;
    let stuck: readonly string[] = [];
    await rig.until("the job to be Ready, or to wait for a lost node", async () => {
      stuck = await rig.cluster.stuck();
      return stuck.length > 0 || rig.isReady();
    });
    if (stuck.length > 0) {
      rig.workspace.note(`the lost node comes back, for ${stuck.join(", ")}`);
      await rig.cluster.recover();
    }
    await rig.ready();
  }

  async #kill(pod: string): Promise<void> {
    const pid = await this.#rig.cluster.pidOf({ namespace: NAMESPACE, name: pod });
    this.#rig.workspace.note(`kill -9 ${pid} (${pod})`);
    if (pid === null) return;
    this.kills++;
    process.kill(pid, "SIGKILL");
  }

  async #killOperator(): Promise<void> {
    this.#rig.workspace.note("kill -9 of the operator");
    this.kills++;
    await this.operator.kill();
    this.operator = this.#rig.runOperator();
  }

  /** All pods of an incarnation are deleted by force, while their processes live on. */
  async #loseNode(incarnation: number): Promise<void> {
    const rig = this.#rig;
    rig.workspace.note(`the node with incarnation ${incarnation} is lost`);
    const names = (await rig.pods())
      .map(({ metadata }) => metadata.name)
      .filter((name) => name.startsWith(`wc-${incarnation}-`));
    for (const name of names) {
      if (name.includes("jobmanager")) await this.#sampler.alsoAsk(name, incarnation);
    }
    const lost = await rig.cluster.abandon(names.map((name) => ({ namespace: NAMESPACE, name })));
    this.kills += lost.filter((pid) => pid !== null).length;
    for (const name of names) {
      await rig.api.delete("Pod", { namespace: NAMESPACE, name }, { gracePeriodSeconds: 0 }).catch(() => {}); // it went by itself
    }
  }
}

it(`P-20 at every instant at most one incarnation is active and not fenced: ${UPGRADES} upgrades, while processes are killed and nodes lost`, () =>
  withRig("s20", { withOperator: false, rate: RATE, records: isLong ? 600_000 : 200_000 }, async (rig) => {
    const roll = diceOf(rig);
    const sampler = new ActivitySampler(rig);
    const chaos = new Chaos(rig, sampler, roll);
    const stability = { window: "1s", maxRestarts: 1000 };
    const apply = async (number: number): Promise<number> => {
      const upgrade: NonNullable<StreamJobSpec["upgrade"]> = {
        mode: roll(3) === 0 ? "last-state" : "savepoint",
        standby: roll(2) === 0 ? "cold" : "warm",
        stability,
        deployTimeout: "120s",
      };
      const job = await rig.apply(rig.manifest({ restartNonce: number, parallelism: 1 + roll(3), upgrade }));
      return job.metadata.generation ?? 0;
    };
    await apply(0);
    await rig.ready();
    for (let number = 1; number <= UPGRADES; number++) {
      const generation = await apply(number);
      await chaos.strike(generation);
      await chaos.settle();
      assert.deepEqual(sampler.violations, []);
    }
    await rig.moreCheckpoints(1);
    await sampler.close();
    assert.deepEqual(sampler.violations, []);
    assert.ok(sampler.active > UPGRADES, `${sampler.active} of ${sampler.samples} samples saw an active job`);
    const { jobId = "", incarnations } = await rig.status();
    const chain = assertOneChain(await readStoreViews(rig.storeFolder("")), jobId);
    figure(
      "P-20",
      `${UPGRADES} upgrades, ${chaos.kills} processes killed or lost, ${incarnations} incarnations, ${sampler.samples} samples, ${chain.length} in one chain`,
    );
    await rig.assertExact();
  }));
