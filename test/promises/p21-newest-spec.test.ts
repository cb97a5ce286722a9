import assert from "node:assert/strict";
import { it } from "node:test";
import { sleep, systemClock } from "../../base/index.ts";
import { podVariables } from "../../contract/index.ts";
import { diceOf } from "./dice.ts";
import { figure } from "./figures.ts";
import { isOnKubernetes } from "./rig-cluster.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";
import { assertOneChain, readStoreViews } from "./stores.ts";

const PATCHES = 20;
/** As long as a step may take where pods are containers: every step is met. */
const PAUSE_MAX_MS = isOnKubernetes ? 5000 : 500;

/** What the pods of the active incarnation were made with. */
async function madeWith(rig: Rig): Promise<{ readonly number: string | undefined; readonly parallelism: unknown }> {
  const { incarnation } = await rig.status();
  const key = (name: string) => ({ namespace: NAMESPACE, name });
  const set = await rig.api.get("StatefulSet", key(`wc-${incarnation}-jobmanager`));
  const config = incarnation === undefined ? null : await rig.configMap(incarnation);
  const { parallelism } = JSON.parse(config?.data?.["config.json"] ?? "{}") as { parallelism?: unknown };
  const env = set?.spec.template.spec.containers[0]?.env ?? [];
  assert.ok(env.some(({ name }) => name === podVariables.config));
  return { number: env.find(({ name }) => name === "NUMBER")?.value, parallelism };
}

it(`P-21 ${PATCHES} changes of mind in the midst of upgrades, and an operator killed among them: it ends at the newest spec, by one chain of states`, () =>
  withRig("s21", { withOperator: false, rate: 300, records: 200_000 }, async (rig) => {
    const roll = diceOf(rig);
    let operator = rig.runOperator();
    const { job } = rig.manifest().spec;
    const apply = (number: number) =>
      rig.apply(
        rig.manifest({
          // Now and then back to what was wanted before.
          job: { ...job, env: [{ name: "NUMBER", value: String(roll(4) === 0 ? Math.max(0, number - 2) : number) }] },
          parallelism: 1 + roll(3),
          upgrade: { standby: roll(3) === 0 ? "cold" : "warm", mode: roll(4) === 0 ? "last-state" : "savepoint" },
        }),
      );
    await apply(0);
    await rig.ready();
    for (let number = 1; number < PATCHES; number++) {
      await apply(number);
      if (number === 7 || number === 14) {
        await operator.kill();
        operator = rig.runOperator();
      }
      // Chance, so that every step is met: nothing is proved by it.
      await sleep(systemClock, roll(PAUSE_MAX_MS));
    }
    const last = await rig.apply(
      rig.manifest({ job: { ...job, env: [{ name: "NUMBER", value: "last" }] }, parallelism: 3 }),
    );
    await rig.ready();
    const { active, incarnations, operation } = await rig.status();
    assert.deepEqual([active?.generation, operation], [last.metadata.generation, undefined]);
    assert.deepEqual(await madeWith(rig), { number: "last", parallelism: 3 });
    const chain = assertOneChain(await readStoreViews(rig.storeFolder("")), active?.jobId ?? "");
    figure("P-21", `${PATCHES} specs, ${incarnations} incarnations made, ${chain.length} ran, one chain`);
    await rig.assertExact();
  }));
