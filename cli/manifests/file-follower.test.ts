import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { StreamJob } from "../../crds/index.ts";
import { ManualClock } from "../../runtime/testkit/index.ts";
import { FileFollower } from "./file-follower.ts";
import { followManifests, followModules } from "./saved-files.ts";

const folder = mkdtempSync(join(tmpdir(), "file-follower-"));
after(() => rmSync(folder, { recursive: true }));

const tooLong = join(folder, "x".repeat(300));
const loop = join(folder, "loop.yaml");
symlinkSync(loop, loop);
const below = join(folder, "plain");
writeFileSync(below, "");
const nothingBelow = join(below, "job.ts");

type Followed = { readonly changed: string[]; readonly troubles: string[]; readonly follower: FileFollower };

function follow(clock: ManualClock, files: () => readonly string[]): Followed {
  const changed: string[] = [];
  const troubles: string[] = [];
  const follower = new FileFollower({
    clock,
    files,
    folders: [],
    onChange: (each) => changed.push(...each),
    onTrouble: (text) => troubles.push(text),
  });
  return { changed, troubles, follower };
}

/** As long as it takes to see a change and to be sure that it is over. */
const look = (clock: ManualClock): void => clock.advance(3000);

describe("following files of which some cannot be looked at (FF3)", () => {
  it("says so once each, and follows the others", () => {
    const clock = new ManualClock();
    const good = join(folder, "good.yaml");
    writeFileSync(good, "one");
    const { changed, troubles, follower } = follow(clock, () => [tooLong, good, loop, "a\0b", nothingBelow]);
    look(clock);
    writeFileSync(good, "two, longer");
    look(clock);
    follower.stop();
    assert.deepEqual(changed, [good]);
    assert.equal(troubles.length, 3, troubles.join("\n"));
    for (const [index, why] of [/ENAMETOOLONG/, /ELOOP/, /null bytes/].entries())
      assert.match(troubles[index] ?? "", why);
  });

  it("sees what can be looked at again", () => {
    const clock = new ManualClock();
    const file = join(folder, "again.yaml");
    symlinkSync(file, file);
    const { changed, troubles, follower } = follow(clock, () => [file]);
    look(clock);
    unlinkSync(file);
    writeFileSync(file, "here");
    look(clock);
    follower.stop();
    assert.deepEqual([changed, troubles.length], [[file], 1]);
  });

  it("takes files as unchanged while nobody can say which there are", () => {
    const clock = new ManualClock();
    let isThere = true;
    const file = join(folder, "listed.yaml");
    writeFileSync(file, "x");
    const { changed, troubles, follower } = follow(clock, () => {
      if (isThere) return [file];
      throw new Error("EACCES: permission denied, scandir");
    });
    isThere = false;
    look(clock);
    isThere = true;
    look(clock);
    follower.stop();
    assert.deepEqual(changed, []);
    assert.match(troubles.join("\n"), /^the files cannot be listed.*EACCES.*$/);
  });

  it("does not end for the names of manifests and modules", () => {
    const clock = new ManualClock();
    const troubles: string[] = [];
    const say = (text: string): void => void troubles.push(text);
    const manifests = followManifests([tooLong, loop], clock, () => assert.fail("nothing was saved"), say);
    const job = (module: string): StreamJob => ({
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJob",
      metadata: { name: "a", namespace: "default" },
      spec: { job: { module } },
    });
    const names = ["file://job.ts", "file:///a%00b", `file://${tooLong}`, loop];
    let jobs: StreamJob[] = [];
    const modules = followModules(
      () => jobs,
      clock,
      () => assert.fail("nothing was saved"),
      say,
    );
    jobs = names.map(job);
    look(clock);
    for (const follower of [manifests, modules]) follower.stop();
    assert.ok(troubles.length >= 4, troubles.join("\n"));
  });
});
