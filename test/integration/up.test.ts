/** `streamjob up`: a control plane that belongs to no job, one for a home folder, and only while that folder is there. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { RunningCommand, streamjob } from "./command.ts";
import { inWorkspace } from "./workspace.ts";

test("up serves a home folder until that is removed, then ends by itself with a clear line", () =>
  inWorkspace("up", async (workspace) => {
    const nothing = await streamjob(workspace, "diff", "wc.yaml");
    assert.match(nothing.stderr, /CONTROL_PLANE_UNAVAILABLE/);
    assert.equal(nothing.exitCode, 2, "a diff that failed is no change, which is 1");

    const up = new RunningCommand(workspace, ["up"]);
    await up.until("it runs", () => /The control plane of .* runs, pid \d+/.test(up.stderr));
    const get = await streamjob(workspace, "get");
    assert.equal(get.exitCode, 0, get.stderr);
    assert.match(get.stderr, /No StreamJobs/);
    const second = await streamjob(workspace, "up");
    assert.equal(second.exitCode, 1);
    assert.match(second.stderr, /is the control plane of[^]*CONTROL_PLANE_RUNNING/);

    rmSync(workspace.path("home"), { recursive: true });
    const { exitCode, stderr } = await up.result();
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /The home folder .* was removed, or another process uses it now: this control plane stops/);

    const next = new RunningCommand(workspace, ["up"]);
    await next.until("the next one runs", () => /The control plane of .* runs/.test(next.stderr));
    next.interrupt();
    const ended = await next.result();
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.match(
      ended.stderr,
      /SIGINT: stopping the pods' processes in order[^]*Stopped\. `streamjob up` continues the jobs/,
    );
  }));
