/** What is deleted in a real S3 server, and by whom: uploads that killed writers have left, too. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { childEnvironment, jobId, systemClock, systemRandom } from "../../base/index.ts";
import { podVariables, type StorageTaskMessage } from "../../contract/index.ts";
import { podProgram } from "../../main/index.ts";
import {
  claimEpoch,
  collectGarbage,
  collectStore,
  dataFolder,
  fencePredecessor,
  takeInventory,
  writeFence,
} from "../../runtime/checkpoint/index.ts";
import { type ObjectStore, useS3Settings } from "../../runtime/storage/index.ts";
import { clientOf, environmentFor, newBucket, settingsFor, storeIn } from "./buckets.ts";
import { s3Servers } from "./servers.ts";

const OLD = jobId("a".repeat(32));
const NEW = jobId("b".repeat(32));
const identity = { processId: "c".repeat(32), random: systemRandom, clock: systemClock };

/** A store with a checkpoint, in an incarnation that has ended. */
async function fill(store: ObjectStore, jobId = OLD): Promise<void> {
  const fence = await writeFence(await claimEpoch(store, { ...identity, jobId }), { jobName: "words" });
  assert.ok(fence.kind === "ready");
  await store.put(`${dataFolder(1, 1)}/${"d".repeat(64)}`, Buffer.alloc(1000));
  const facts = { triggeredMs: 1, completedMs: 2, storeUri: null, operators: [], committables: 0 };
  await fence.log.complete({ kind: "checkpoint", checkpointId: 1, ...facts });
  await store.put("activation", Buffer.from("{}"));
}

for (const [name, { skip, gives }] of Object.entries(await s3Servers())) {
  describe(`state in ${name}`, { skip }, () => {
    /** As a TaskManager that was killed while it uploaded leaves it. */
    const leaveUpload = async (bucket: string, prefix: string): Promise<() => Promise<number>> => {
      const client = clientOf(gives());
      const Key = `${prefix}/${dataFolder(1, 2)}/${"e".repeat(64)}`;
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
      const open = async () => {
        const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: Key }));
        return Uploads.length;
      };
      assert.equal(await open(), 1);
      return open;
    };

    it("of an earlier incarnation goes, with what its killed writers have left; what fences it stays", async () => {
      const bucket = await newBucket(gives());
      const store = storeIn(bucket, settingsFor(gives()), "jobs/old");
      await fill(store);
      const open = await leaveUpload(bucket, "jobs/old");
      await assert.rejects(collectStore(store, systemClock), { code: "STATE_IN_USE" });
      await fencePredecessor(store, { ...identity, jobId: NEW, jobName: "words" });
      await collectStore(store, systemClock);
      const kept = (await store.list("")).map(({ key }) => key.replace(/\d+/g, "n"));
      assert.deepEqual([...new Set(kept)], ["activation", "chk/n.manifest", "collected", "epochs/n"]);
      assert.equal(await open(), 0);
    });

    it("that nothing can need is collected below a location, uploads too, and what may be being written stays", async () => {
      useS3Settings(settingsFor(gives()));
      const bucket = await newBucket(gives());
      const [old, next] = [OLD, NEW].map((id) => storeIn(bucket, settingsFor(gives()), `jobs/${id}`));
      assert.ok(old !== undefined && next !== undefined);
      await fill(old);
      await fencePredecessor(old, { ...identity, jobId: NEW, jobName: "words" });
      const open = await leaveUpload(bucket, `jobs/${OLD}`);
      const location = `s3://${bucket}/jobs`;
      const options = {
        named: [],
        historyIn: async () => ({ origins: [], endedWith: null }),
        approved: new Set([old.uri, next.uri]),
      };
      const collect = () => collectGarbage([location], { ...options, clock: systemClock });
      // Of checkpoint 2 of epoch 1, which the fence has ended.
      assert.deepEqual(
        (await collect()).map(({ uri, failure }) => [uri, failure]),
        [[old.uri, null]],
      );
      assert.equal(await open(), 0);
      assert.ok(await old.read("chk/0000000002.manifest"), "its successor has no checkpoint of its own");
      await fill(next, NEW);
      const writing = await leaveUpload(bucket, `jobs/${NEW}`);
      await next.put(`${dataFolder(1, 2)}/${"f".repeat(64)}`, Buffer.alloc(9));
      await collect();
      assert.equal(await old.read("chk/0000000002.manifest"), null);
      assert.ok(await next.read(`${dataFolder(1, 2)}/${"f".repeat(64)}`));
      assert.equal(await writing(), 1);
      const left = (await takeInventory([location], options)).filter(({ removal }) => removal !== null);
      assert.deepEqual(left, []);
    });

    it("of a job that is gone is deleted by a pod, whole, and nothing beside it", async () => {
      const bucket = await newBucket(gives());
      const store = storeIn(bucket, settingsFor(gives()), `jobs/apps/${OLD}`);
      await fill(store);
      const others = storeIn(bucket, settingsFor(gives()), "jobs/apps");
      await others.put(`${NEW}/data/mine`, Buffer.from("x"));
      const open = await leaveUpload(bucket, `jobs/apps/${OLD}`);
      const { endpoint, region } = gives();
      const options = { "s3.endpoint": endpoint, "s3.endpoint.region": region, "s3.path.style.access": "true" };
      const run = (jobIds: readonly string[], more: Readonly<Record<string, string>> = {}) => {
        const task = { kind: "erase", folders: [`s3://${bucket}/jobs/apps`], jobIds } as const;
        const message: StorageTaskMessage = { version: 1, options: { ...options, ...more }, task };
        const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = environmentFor(gives());
        const env = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, [podVariables.storageTask]: JSON.stringify(message) };
        return promisify(execFile)(process.execPath, [podProgram, "storage"], { env: childEnvironment(env) });
      };
      const dead = { "s3.endpoint": "http://127.0.0.1:9", "s3.attempts.maximum": "1" };
      await assert.rejects(run([OLD], dead), ({ code, stdout }) => {
        assert.equal(code, 4);
        assert.match(String(stdout).trim().split("\n").at(-1) ?? "", /the clean-up failed/);
        return true;
      });
      await run(["f".repeat(32), OLD]);
      assert.deepEqual(
        (await others.list("")).map(({ key }) => key),
        [`${NEW}/data/mine`],
      );
      assert.equal(await open(), 0);
      await run([OLD]);
    });
  });
}
