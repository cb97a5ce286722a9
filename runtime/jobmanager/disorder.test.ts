import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom, systemClock } from "../../base/index.ts";
import { running, setting, start, TWO_REGIONS, TWO_VERTICES, until } from "./scripted-job.test-support.ts";

for (const seed of [1, 2, 3]) {
  test(`in disorder (seed ${seed}) regions always start from the newest checkpoint there is, and the job ends`, async (t) => {
    const random = seededRandom(seed);
    const place = await setting(t, {
      module: seed === 2 ? TWO_REGIONS : TWO_VERTICES,
      options: {
        "execution.checkpointing.interval": "10 ms",
        "execution.checkpointing.timeout": "60 ms",
        "execution.checkpointing.max-concurrent-checkpoints": seed === 3 ? "3" : "1",
        "restart-strategy.fixed-delay.attempts": "10000",
        "restart-strategy.fixed-delay.delay": "1 ms",
      },
      script: {
        committables: 1,
        onBarrier: () => (random.next() < 0.9 ? "acknowledge" : random.next() < 0.5 ? "decline" : "silent"),
        commits: () => random.next() < 0.8,
      },
    });
    let job = await running(t, place);
    let names = 0;
    const place2 = async (): Promise<void> => {
      while (place.world.taskManagers.size < 2) await place.world.add(`tm-${names++}`, job.manager.rpcPort, 1);
    };
    const actions: (() => Promise<void> | void)[] = [
      () => [...place.world.taskManagers.values()][0]?.kill(),
      () => {
        const one = [...place.world.taskManagers.values()].at(-1);
        const task = one?.tasks[0];
        if (task !== undefined) one?.fail(task);
      },
      () =>
        void job.manager.triggerSavepoint({
          kind: "savepoint",
          targetDirectory: join(place.folder, "s"),
          triggerId: null,
        }),
      async () => {
        await job.manager.close();
        await until("all are gone", () => place.world.taskManagers.size === 0);
        job = await start(t, place);
      },
    ];
    for (let step = 0; step < 40; step++) {
      await new Promise((resolve) => systemClock.after(random.next() * 40, () => resolve(undefined)));
      const before = place.world.deployed.length;
      await actions[Math.floor(random.next() ** 2 * actions.length)]?.();
      await place2();
      for (const { task, restore } of place.world.deployed.slice(before)) {
        const blob = restore[0]?.operator[0]?.[0]?.blob;
        assert.ok(blob === undefined || blob.kind === "inline", `${task.vertex}`);
      }
    }
    place.world.script.onBarrier = () => "acknowledge";
    place.world.script.commits = () => true;
    place.world.script.endsAtOnce = () => true;
    place.world.endAll();
    // A commit that was never answered is made good by a restart.
    const stuck = systemClock.after(500, () => [...place.world.taskManagers.values()][0]?.kill());
    const keep = async (): Promise<void> => {
      while (!["FINISHED", "FAILED", "CANCELED"].includes(job.manager.job().status)) {
        await place2().catch(() => undefined);
        await new Promise((resolve) => systemClock.after(10, () => resolve(undefined)));
      }
    };
    await keep();
    stuck.cancel();
    assert.equal(await job.ended, "FINISHED");
    const restored = place.world.deployed.map(({ restore }) => {
      const blob = restore[0]?.operator[0]?.[0]?.blob;
      return blob?.kind === "inline" ? Number(Buffer.from(blob.base64, "base64").toString().split(" ")[1]) : 0;
    });
    restored.reduce((last, id) => {
      assert.ok(id >= last, `a region went back from checkpoint ${last} to ${id}`);
      return id;
    }, 0);
  });
}
