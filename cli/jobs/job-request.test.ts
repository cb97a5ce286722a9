import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type StreamError, seededRandom } from "../../base/index.ts";
import type { LocalClusterOptions } from "./cluster-options.ts";
import { chooseFreePort, requireFreePort } from "./free-port.ts";
import { homeFolder } from "./home-folder.ts";
import { readRecords } from "./job-registry.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { checkpointRootOf, loadJob, slotsPerTaskManager, withSavepointFolder } from "./job-request.ts";

const folder = mkdtempSync(join(tmpdir(), "streamjob-preflight-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const module = join(folder, "numbers.ts");
writeFileSync(
  module,
  `import { job, t } from "streamjob";
import { discardSink } from "streamjob/connectors/basic";
export default job((env) => {
  env.fromCollection([1, 2], { type: t.int32 }).sinkTo(discardSink());
});
`,
);

describe("what is wrong before anything was started", () => {
  const refused: Record<string, { readonly options: Partial<LocalClusterOptions>; readonly code: string }> = {
    "a module that is not there": { options: { module: join(folder, "nothing.ts") }, code: "JOB_MODULE_INVALID" },
    "an option that is not known": { options: { options: { speed: "high" } }, code: "OPTION_UNKNOWN" },
    "too few slots": { options: { parallelism: 3, taskManagers: 2, slots: 1 }, code: "NOT_ENOUGH_SLOTS" },
    "-p and -D that contradict": {
      options: { parallelism: 3, options: { "parallelism.default": "2" } },
      code: "OPTION_INVALID",
    },
  };
  for (const [name, { options, code }] of Object.entries(refused)) {
    it(`${name} leaves no record (PF1)`, async () => {
      const empty = mkdtempSync(join(folder, "empty-"));
      await assert.rejects(
        startLocalCluster({ module, ...options, home: empty }),
        (error: StreamError) => error.code === code,
      );
      assert.deepEqual(readRecords(homeFolder(empty)), []);
    });
  }
});

describe("what follows from the job and what was asked for", () => {
  it("slots: as many as the widest vertex needs, spread over the TaskManagers", async () => {
    const { graph } = await loadJob({ module, options: { "parallelism.default": "5" } });
    const [vertex] = graph.vertices;
    assert.ok(vertex);
    const wide = { ...graph, vertices: [{ ...vertex, parallelism: 5 }] };
    assert.equal(slotsPerTaskManager(wide, 2, undefined), 3);
    assert.equal(slotsPerTaskManager(wide, 8, undefined), 1);
    assert.equal(slotsPerTaskManager(wide, 2, 4), 4);
    assert.equal(slotsPerTaskManager({ ...graph, vertices: [] }, 2, undefined), 1);
  });

  it("-p and --name are options of the job, and saying the same twice is fine", async () => {
    const { graph, options } = await loadJob({
      module,
      parallelism: 2,
      name: "n",
      options: { "parallelism.default": "2" },
    });
    assert.deepEqual(options, { "parallelism.default": "2", "pipeline.name": "n" });
    assert.equal(graph.configuration.jobName, "n");
    assert.equal(graph.configuration.parallelism, 2);
  });

  it("checkpoints: in the home folder, or below the directory that the job names", async () => {
    const id = "a".repeat(32);
    assert.equal(
      checkpointRootOf((await loadJob({ module })).graph, "/home/checkpoints", id),
      `file:///home/checkpoints/default/${id}`,
    );
    const { graph } = await loadJob({ module, options: { "execution.checkpointing.dir": "/data/c" } });
    assert.equal(checkpointRootOf(graph, "/home/checkpoints", id), `file:///data/c/default/${id}`);
  });
});

describe("savepoints that name no folder", () => {
  const key = "execution.checkpointing.savepoint-dir";

  it("go where the job says, else into the home folder", async () => {
    assert.equal(withSavepointFolder(await loadJob({ module }), "/home/savepoints")[key], "/home/savepoints");
    for (const name of [key, "state.savepoints.dir"]) {
      const options = { [name]: "/data/s" };
      assert.deepEqual(withSavepointFolder(await loadJob({ module, options }), "/home/savepoints"), options);
    }
  });
});

describe("ports", () => {
  it("are free, below the range for outgoing connections, and different (FP1)", async () => {
    const random = seededRandom(7);
    const first = await chooseFreePort(random);
    const second = await chooseFreePort(seededRandom(7), [first]);
    assert.notEqual(first, second);
    for (const port of [first, second]) assert.ok(port >= 20_000 && port < 32_768);
  });

  it("that are taken are refused by the option's name", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    await assert.rejects(requireFreePort(address.port, "--rest-port"), /--rest-port\) is in use/);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await requireFreePort(address.port, "--rest-port"), address.port);
  });
});
