import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { Readable } from "node:stream";
import { S3_DEFAULTS } from "../index.ts";
import { bodyFields, S3BodyBuilder } from "./s3-body.ts";
import { S3ObjectStore } from "./s3-object-store.ts";

const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

type Put = { readonly url: string; readonly body: Buffer; readonly hash: string };

/** A server that takes objects and parts. */
async function serverOf(
  t: TestContext,
): Promise<{ readonly store: S3ObjectStore; readonly puts: Put[]; readonly others: string[] }> {
  const puts: Put[] = [];
  const others: string[] = [];
  const read = async (request: IncomingMessage): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  };
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request;
    void read(request).then((body) => {
      if (method === "PUT") {
        puts.push({ url, body, hash: String(request.headers["x-amz-content-sha256"]) });
        return response.setHeader("ETag", `"${puts.length}"`).end();
      }
      others.push(`${method} ${url.replace(/[0-9a-f]{64}/, "<name>")} ${method === "POST" ? body.toString() : ""}`);
      const begun = "<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>";
      const done = '<CompleteMultipartUploadResult><ETag>"all"</ETag></CompleteMultipartUploadResult>';
      return response.setHeader("content-type", "application/xml").end(url.includes("uploads") ? begun : done);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = { accessKey: "key", secretKey: "secret", region: "us-east-1", pathStyleAccess: true };
  const settings = { ...S3_DEFAULTS, ...keys, endpoint, partMiB: 5, concurrentUploads: 2 };
  return { store: new S3ObjectStore({ bucket: "bucket", prefix: "", settings, callTimeoutMs: 60_000 }), puts, others };
}

function patterned(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
}

test("parts are of the same length, whatever the pieces are, and each is signed with the hash of what came (S3B1)", async (t) => {
  const { store, puts, others } = await serverOf(t);
  const content = patterned(12 * MIB + 17);
  const writer = await store.openWriter("data/unnamed");
  for (let at = 0; at < content.length; at += 300_007) await writer.write(content.subarray(at, at + 300_007));
  assert.match(await writer.close("data/wanted"), /^data\/[0-9a-f]{64}$/);
  const parts = puts.toSorted((one, other) => one.url.localeCompare(other.url));
  assert.deepEqual(
    parts.map(({ body }) => body.length),
    [5 * MIB, 5 * MIB, 2 * MIB + 17],
  );
  for (const { body, hash } of parts) assert.equal(hash, sha256(body));
  assert.ok(Buffer.concat(parts.map(({ body }) => body)).equals(content));
  assert.equal(others.length, 2);
  assert.match(others[1] ?? "", /^POST .*uploadId=one .*<PartNumber>1<.*<PartNumber>2<.*<PartNumber>3</);
});

test("what fits into a part is one request, under the name that is given at the end", async (t) => {
  const { store, puts, others } = await serverOf(t);
  for (const length of [0, 1000, 5 * MIB]) {
    const content = patterned(length);
    const writer = await store.openWriter("data/unnamed");
    for (let at = 0; at < length; at += 700_000) await writer.write(content.subarray(at, at + 700_000));
    assert.equal(await writer.close("data/wanted"), "data/wanted");
    const put = puts.pop();
    assert.match(put?.url ?? "", /^\/bucket\/data\/wanted\?/);
    assert.ok(put?.body.equals(content));
    assert.equal(put?.hash, sha256(content));
  }
  assert.deepEqual([puts, others], [[], []]);
});

test("a body goes out over many turns, so that a slot processes records in between (S3B1)", async () => {
  const builder = new S3BodyBuilder();
  for (let count = 0; count < 32; count++) builder.append(new Uint8Array(256 * 1024));
  const { Body, ContentLength } = bodyFields(builder.finish());
  assert.equal(ContentLength, 8 * MIB);
  let turns = 0;
  let isOver = false;
  const countTurns = (): void => {
    turns++;
    if (!isOver) setImmediate(countTurns);
  };
  setImmediate(countTurns);
  let bytes = 0;
  for await (const piece of Body as Readable) bytes += (piece as Uint8Array).length;
  isOver = true;
  assert.equal(bytes, 8 * MIB);
  assert.ok(turns >= 8, `${turns} turns`);
});
