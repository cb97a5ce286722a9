/**
 * Lines say which version wrote them, so that the sink itself shows where the old one ended and the new one began, split by split.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../base/index.ts";
import { figure } from "./figures.ts";
import { isCompleted, triggerKind, type Verdict } from "./jobmanager-relay.ts";
import { type Rig, withRig } from "./rig.ts";
import { SPLITS } from "./jobs/paced-source.ts";

const NUMBERED = fileURLToPath(new URL("./jobs/numbered.ts", import.meta.url));
/** Of a job of minutes: the old version must not come to its end by itself, however late it is stopped. */
const RECORDS = 100_000;
const RATE = 500;

function manifest(rig: Rig, version: string) {
  const output = ["--output", rig.output, "--hurry", rig.workspace.path("hurry"), "--version", version];
  const args = ["--count", String(RECORDS), "--rate", String(RATE), ...output];
  return rig.manifest({ job: { module: NUMBERED, args } });
}

/** Every number once, its count right, and in each split all of v1 before all of v2. Gives how many lines v1 wrote. */
function assertAtomic(rig: Rig): number {
  const versions = new Map<number, string>();
  for (const line of rig.lines()) {
    const [number = "", count, version = ""] = line.split(" ");
    const index = Number(number);
    assert.equal(versions.has(index), false, `number ${index} is there twice`);
    assert.equal(Number(count), Math.floor(index / SPLITS) + 1, `number ${index} was counted wrongly`);
    versions.set(index, version);
  }
  assert.equal(versions.size, RECORDS);
  for (let split = 0; split < SPLITS; split++) {
    let isNew = false;
    for (let index = split; index < RECORDS; index += SPLITS) {
      if (versions.get(index) === "v2") isNew = true;
      else assert.equal(isNew, false, `the old version wrote number ${index}, beyond its savepoint`);
    }
  }
  return [...versions.values()].filter((version) => version === "v1").length;
}

/** Some checkpoint intervals: time in which an old version that ran on would write and commit more. */
const HOLD_MS = 1200;

const disturbances = {
  "the new one comes late": null,
  "a TaskManager is killed when the stop is accepted": "taskmanager-0",
  "the JobManager is killed when the stop is accepted": "jobmanager-0",
} as const;

for (const [what, victim] of Object.entries(disturbances)) {
  it(`P-4 stop is atomic with the savepoint: the old version writes nothing beyond it, when ${what}`, () =>
    withRig("s04", {}, async (rig) => {
      await rig.apply(manifest(rig, "v1"));
      await rig.ready();
      let isDone = false;
      rig.relay.onAnswer(async (call): Promise<Verdict> => {
        if (victim === null) {
          if (isCompleted(call)) await sleep(systemClock, HOLD_MS);
        } else if (triggerKind(call) === "stop" && !isDone) {
          isDone = true;
          await rig.kill(victim);
        }
        return "pass";
      });
      await rig.apply(manifest(rig, "v2"));
      await rig.ready();
      await rig.finish();
      const old = assertAtomic(rig);
      figure("P-4", `${old} + ${RECORDS - old} records`);
    }));
}
