import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemRandom } from "../../base/index.ts";
import { chooseFreePort } from "../../cli/jobs/free-port.ts";
import { podVariables } from "../../contract/index.ts";
import { IncarnationRun } from "./incarnation-run.ts";
import { until } from "./until.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/word-count.ts", import.meta.url));
const CANARY = "hush-7f3a9c";

type Page = { readonly status: number; readonly text: string };

async function page(port: number, path: string, method = "GET", patienceMs = 10_000): Promise<Page | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal: AbortSignal.timeout(patienceMs),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return null; // it starts, stands still, or is gone
  }
}

const answers = (port: number, path: string, status: number): Promise<void> =>
  until(async () => (await page(port, path))?.status === status, `${path} to say ${status}`);

it("SEC-24 pods have health and metrics on a port that can do nothing else and tells no secret, and REST has them no more", () =>
  inWorkspace("pod-endpoints", async (workspace) => {
    const ports = [await chooseFreePort(systemRandom), await chooseFreePort(systemRandom)] as const;
    const [jobManager, taskManager] = ports;
    const run = await IncarnationRun.make(workspace, {
      name: "endpoints",
      module: MODULE,
      args: ["--count", "1000000", "--rate", "200", "--words", "31", "--output", workspace.path(CANARY)],
      options: { "s3.access-key": CANARY, "s3.secret-key": CANARY },
    });
    run.env["PASSWORD"] = CANARY;
    run.env[podVariables.logFacts] = JSON.stringify({ namespace: "apps", job: "apps/wc", incarnation: 1 });
    run.env[podVariables.metricsListen] = `127.0.0.1:${jobManager}`;
    run.startJobManager();
    run.env[podVariables.metricsListen] = `127.0.0.1:${taskManager}`;
    run.startTaskManagers();
    for (const port of ports) await answers(port, "/readyz", 200);
    await run.phase("standby");
    assert.equal(await run.activate({ from: { kind: "none" }, predecessors: [] }), 200);
    await run.proven();

    const ofJob = "streamjob_jobmanager_job_numberOfCompletedCheckpoints";
    await until(async () => (await page(jobManager, "/metrics"))?.text.includes(ofJob) === true, "metrics of the job");
    const ofThread = /^nodejs_heap_size_used_bytes\{thread="slot-1"\} [1-9]/m;
    await until(async () => ofThread.test((await page(taskManager, "/metrics"))?.text ?? ""), "metrics of a thread");
    assert.match((await page(taskManager, "/metrics"))?.text ?? "", /^streamjob_taskmanager_registered 1$/m);
    for (const port of ports) {
      for (const [path, status] of Object.entries({ "/livez": 200, "/healthz": 200, "/metrics": 200, "/jobs": 404 })) {
        const got = await page(port, path);
        assert.equal(got?.status, status, path);
        assert.ok(!got.text.includes(CANARY), `${path} tells a secret`);
      }
      assert.equal((await page(port, "/metrics", "POST"))?.status, 405);
    }
    assert.equal((await fetch(`${run.url}/metrics`)).status, 404);

    const child = run.taskManagers[0] as ChildProcess;
    child.kill("SIGSTOP");
    assert.equal(
      await page(taskManager, "/livez", "GET", 500),
      null,
      "an event loop that stands still does not answer",
    );
    child.kill("SIGCONT");
    await answers(taskManager, "/livez", 200);

    const lines = run.log.split("\n").slice(0, -1);
    assert.ok(lines.length > 0);
    for (const line of lines) {
      assert.match(line, /^\{"level":\d+,"time":".*"namespace":"apps","job":"apps\/wc","incarnation":1,.*\}$/);
      assert.ok(!line.includes(`"${CANARY}"`), "the log tells a secret");
    }
  }));
