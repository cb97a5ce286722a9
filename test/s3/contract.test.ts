/** The contract of ObjectStore on real S3 servers, and what is special about S3: parts, names of large objects, uploads left behind. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, it } from "node:test";
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import { ContentFiles, openStore, useS3Settings, verifiedRead } from "../../runtime/storage/index.ts";
import { storeContract } from "../../runtime/storage/store-contract.test-support.ts";
import { clientOf, newBucket, settingsFor, storeIn } from "./buckets.ts";
import { s3Servers } from "./servers.ts";

const MIB = 1024 * 1024;
const nameOf = (byte: string): string => byte.repeat(64);

/** Bytes that differ from place to place. */
function patterned(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4096) bytes.writeUInt32LE(at, at);
  return bytes;
}

for (const [name, { skip, gives }] of Object.entries(await s3Servers())) {
  let bucket = "";
  before(async () => {
    if (skip === false) bucket = await newBucket(gives());
  });

  storeContract(name, async () => storeIn(bucket, settingsFor(gives())), skip);

  describe(`an S3 store on ${name}`, { skip }, () => {
    it("uploads a large file in parts while it is written, under a name of the store's own (S3W2)", async () => {
      const store = storeIn(bucket, settingsFor(gives(), { partMiB: 5 }));
      const whole = patterned(17 * MIB + 13);
      const file = await new ContentFiles(store, "data/1-1").create();
      for (let start = 0; start < whole.length; start += 3 * MIB)
        await file.write(whole.subarray(start, start + 3 * MIB));
      assert.deepEqual(await store.list(""), []);
      const stored = await file.close();
      assert.match(stored.key, /^data\/1-1\/[0-9a-f]{64}$/);
      assert.equal(stored.sha256, createHash("sha256").update(whole).digest("hex"));
      assert.deepEqual(await store.list(""), [{ key: stored.key, length: whole.length }]);
      assert.ok(whole.equals(await verifiedRead(store, stored)));
    });

    it("names a file by its content when it is no larger than a part", async () => {
      const store = storeIn(bucket, settingsFor(gives(), { partMiB: 5 }));
      const file = await new ContentFiles(store, "data/1-1").create();
      await file.write(patterned(5 * MIB));
      const stored = await file.close();
      assert.equal(stored.key, `data/1-1/${stored.sha256}`);
    });

    it("leaves no upload behind after abort (S3W3)", async () => {
      const store = storeIn(bucket, settingsFor(gives(), { partMiB: 5 }), "aborted");
      const writer = await store.openWriter(`data/${nameOf("a")}`);
      await writer.write(patterned(12 * MIB));
      await writer.abort();
      assert.deepEqual(await store.list(""), []);
      assert.equal(await store.removeUnfinished("", () => true), 0);
    });

    it("finds an upload again whose writer was killed, and removes it if it is over", async () => {
      const client = clientOf(gives());
      const uploads = async (): Promise<number> =>
        (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads?.length ?? 0;
      const prefix = "killed/default/job";
      const store = storeIn(bucket, settingsFor(gives()), prefix);
      for (const folder of ["data/1-1", "data/2-1"]) {
        const at = { Bucket: bucket, Key: `${prefix}/${folder}/${nameOf("b")}` };
        const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
        await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: patterned(5 * MIB) }));
      }
      const elsewhere = { Bucket: bucket, Key: `killed/other/data/1-1/${nameOf("c")}` };
      await client.send(new CreateMultipartUploadCommand(elsewhere));
      const before = await uploads();
      assert.ok(before >= 3, String(before));
      assert.equal(await store.removeUnfinished("data/", (key) => key.startsWith("data/1-")), 1);
      assert.equal(await uploads(), before - 1);
      assert.equal(await store.removeUnfinished("data/", () => true), 1);
      assert.equal(await store.removeUnfinished("data/", () => true), 0);
      assert.equal(await uploads(), before - 2);
      client.destroy();
    });

    it("lists more objects than one answer has", async () => {
      const store = storeIn(bucket, settingsFor(gives()));
      const wanted = Array.from({ length: 1050 }, (_, index) => `chk/${String(index).padStart(5, "0")}`);
      for (let start = 0; start < wanted.length; start += 50)
        await Promise.all(wanted.slice(start, start + 50).map((key) => store.put(key, Buffer.from("x"))));
      assert.deepEqual(
        (await store.list("chk/")).map(({ key }) => key),
        wanted,
      );
    });

    it("is opened by its URI, as the job's settings say", async () => {
      useS3Settings(settingsFor(gives()));
      const store = await openStore(`s3://${bucket}/by-uri/`);
      assert.equal(store.uri, `s3://${bucket}/by-uri`);
      assert.equal(await store.createIfAbsent("epochs/1", Buffer.from("one")), "created");
      assert.equal(
        await (await openStore(`s3a://${bucket}/by-uri`)).createIfAbsent("epochs/1", Buffer.from("two")),
        "exists",
      );
    });

    const wrong = {
      "a bucket that is not there": [
        "no-such-bucket-here",
        {},
        /could not write s3:\/\/no-such-bucket-here\/x\/a: NoSuchBucket.*create the bucket/,
      ],
      "a wrong secret": ["", { secretKey: "not the secret" }, /could not write .*\(HTTP 403\); check the credentials/],
    } as const;
    for (const [what, [place, changes, message]] of Object.entries(wrong)) {
      it(`says what to do about ${what}, after one attempt`, async () => {
        const store = storeIn(place === "" ? bucket : place, settingsFor(gives(), changes), "x");
        await assert.rejects(store.put("a", Buffer.from("x")), { code: "STORE_UNAVAILABLE", message });
      });
    }
  });
}
