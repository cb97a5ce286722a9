import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { ApiError, isApiError } from "../../operator/kubernetes/api/index.ts";
import { revisionHash, runtimePart } from "../../operator/reconcile/index.ts";
import { controllerRevision } from "../../operator/engine/index.ts";
import { applyCommand } from "./apply-command.ts";
import { activeOf, type CommandRig, createRig, manifest, statusWith } from "./command-rig.test-support.ts";
import { diffCommand } from "./diff-command.ts";

const folder = mkdtempSync(join(tmpdir(), "known-job-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "wc.json");
const namespace = "default";
const request = { kind: "diff", sources: [file], namespace, output: "text" } as const;

let rig: CommandRig;
afterEach(() => rig.server.close());
const text = (): string => rig.out.splice(0).join("\n");

describe("diff of what cannot all be known", () => {
  /** The API server for somebody who may not list some kinds. */
  const forbidding = (...kinds: readonly string[]): CommandRig["api"] =>
    new Proxy(rig.api, {
      get: (api, method: keyof CommandRig["api"]) => {
        const call = api[method].bind(api) as (...given: readonly unknown[]) => unknown;
        return async (...given: readonly unknown[]) => {
          if (method === "list" && kinds.includes(String(given[0]))) throw new ApiError("Forbidden", "forbidden");
          return call(...given);
        };
      },
    });
  const diffBy = (api: CommandRig["api"]) => diffCommand({ ...rig, api }, request);

  beforeEach(async () => {
    rig = await createRig();
    writeFileSync(file, manifest());
    await applyCommand(rig, { kind: "apply", sources: [file], namespace, waitMs: null });
    const job = await rig.get("wc");
    const data = { generation: 1, spec: runtimePart(job.spec) };
    const revision = controllerRevision(job, 1, revisionHash(job.spec), data);
    await rig.api.create("ControllerRevision", revision);
    const active = activeOf(revision.metadata.name);
    await rig.writeStatus("wc", statusWith(1, { active, incarnations: 1 }, "Ready"));
    writeFileSync(file, manifest("wc", { parallelism: 4 }));
    text();
  });

  it("says what it leaves open, and the rest all the same (KJ1)", async () => {
    assert.equal(await diffBy(forbidding("Pod", "PodDisruptionBudget", "StreamJobSnapshot")), 1);
    const shown = text();
    assert.match(shown, /incarnation 2 is started beside 1/);
    for (const kind of ["pods", "PodDisruptionBudgets", "StreamJobSnapshots"])
      assert.match(shown, new RegExp(`you may not list ${kind}, so it is not known here`));
    assert.match(shown, /the JobManager of incarnation 1 did not answer/);
  });

  it("fails where it cannot be known what runs (KJ2)", async () =>
    assert.rejects(diffBy(forbidding("ControllerRevision")), (error) => isApiError(error, "Forbidden")));

  it("goes by what the JobManager says now, not by the status alone (KJ3)", async () => {
    rig.jobManagerAnswers({ phase: "ended", result: { status: "FINISHED", savepoint: null } });
    await diffBy(rig.api);
    assert.match(text(), /the job has ended \(FINISHED\); incarnation 2 starts without state/);
  });
});
