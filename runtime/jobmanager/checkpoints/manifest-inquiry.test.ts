import assert from "node:assert/strict";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { jobId, seededRandom, silentLog, systemClock } from "../../../base/index.ts";
import { contentsOf, manifest } from "../../checkpoint/builders.test-support.ts";
import { type CheckpointLog, claimEpoch, type Manifest, writeFence } from "../../checkpoint/index.ts";
import { openStore } from "../../storage/index.ts";
import { until } from "../scripted-job.test-support.ts";
import { Turns } from "../turns.ts";
import { answerOf, type LogAnswer, ManifestInquiry } from "./manifest-inquiry.ts";

const fence = (seq: number, epoch: number): Manifest => manifest(seq, { kind: "fence", epoch, checkpointId: 0 });

const cases: Record<string, [contents: Parameters<typeof contentsOf>, epoch: number, answer: string]> = {
  "a log with nothing but our fence has nothing": [[[fence(1, 1)]], 1, "none"],
  "the newest manifest is what is restored from": [[[fence(1, 1), manifest(2), manifest(3)]], 1, "newest 3"],
  "its commit is owed until the marker is there": [
    [[fence(1, 1), manifest(2, { committables: 1 })]],
    1,
    "newest 2, to commit",
  ],
  "with the marker nothing is owed": [[[fence(1, 1), manifest(2, { committables: 1 })], [2]], 1, "newest 2"],
  "a newer fence is another one's": [[[fence(1, 1), manifest(2), fence(3, 2)]], 1, "fenced by 2"],
  "a damaged manifest is nothing that can be restored": [[[fence(1, 1), { corrupt: 2 }]], 1, "none"],
};

function textOf(answer: LogAnswer): string {
  if (answer.kind === "none") return "none";
  if (answer.kind === "fenced") return `fenced by ${answer.by.epoch}`;
  return `newest ${answer.manifest.checkpointId}${answer.mustCommit ? ", to commit" : ""}`;
}

for (const [sentence, [contents, epoch, answer]] of Object.entries(cases)) {
  test(sentence, () => assert.equal(textOf(answerOf(contentsOf(...contents), epoch)), answer));
}

type Place = { readonly inquiry: ManifestInquiry; readonly log: CheckpointLog; readonly root: string };

async function setting(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "manifest-inquiry-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  const root = join(folder, "root");
  const random = seededRandom(3);
  const owner = { processId: random.hex(16), jobId: jobId(random.hex(16)), random, clock: systemClock };
  const start = await writeFence(await claimEpoch(await openStore(root), owner), { jobName: "words" });
  assert.ok(start.kind === "ready");
  const turns = new Turns(systemClock, () => undefined);
  t.after(() => turns.close());
  const { log } = start;
  return { inquiry: new ManifestInquiry({ epoch: 1, log, turns, logger: silentLog }), log, root };
}

test("MIQ1 MIQ2 a store that shows nothing is asked again until it shows what it has", async (t) => {
  const { inquiry, root } = await setting(t);
  await rename(`${root}`, `${root} is away`);
  const answers: LogAnswer[] = [];
  let asked = 0;
  const isMoot = (): boolean => {
    asked++;
    return false;
  };
  inquiry.learn(7, isMoot, (answer) => answers.push(answer));
  await until("it is asked again", () => asked >= 2);
  assert.deepEqual(answers, []);
  await rename(`${root} is away`, root);
  await until("it answers", () => answers.length > 0);
  assert.deepEqual(answers, [{ kind: "none" }]);
});

test("an answer that nobody wants any more is dropped", async (t) => {
  const { inquiry } = await setting(t);
  let asked = 0;
  const isMoot = (): boolean => ++asked > 0;
  inquiry.learn(7, isMoot, () => assert.fail("nobody wants it"));
  await until("it was asked", () => asked > 0);
});

test("the log settles what is in doubt, and says null when nobody waits and the store does not answer", async (t) => {
  const { inquiry, root } = await setting(t);
  const answers: (LogAnswer | null)[] = [];
  inquiry.settle(
    7,
    () => false,
    (answer) => answers.push(answer),
  );
  await until("it answers", () => answers.length === 1);
  await rename(root, `${root} is away`);
  inquiry.settle(
    7,
    () => true,
    (answer) => answers.push(answer),
  );
  await until("it gives up", () => answers.length === 2);
  assert.deepEqual(answers, [{ kind: "none" }, null]);
});
