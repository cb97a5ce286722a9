/** Ways to reach S3 that depend on the server's or the machine's set-up: host names, identities, encryption at rest. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import dns from "node:dns";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { childEnvironment } from "../../base/index.ts";
import { minioPart, testPart } from "../environment/index.ts";
import { clientOf, newBucket, settingsFor, storeIn } from "./buckets.ts";

const { skip, gives } = await testPart(minioPart);
const bytes = new TextEncoder().encode("x");
const storageRoom = new URL("../../runtime/storage/index.ts", import.meta.url).href;

describe("an S3 store", { skip }, () => {
  it("is reached by the bucket's host name when path-style access is off", async (t) => {
    const asked: string[] = [];
    // Not every system resolves names below localhost.
    const lookup = dns.lookup as (name: string, ...rest: unknown[]) => void;
    t.mock.method(dns, "lookup", ((name: string, ...rest: unknown[]) => {
      asked.push(name);
      lookup(name.endsWith(".localhost") ? "127.0.0.1" : name, ...rest);
    }) as typeof dns.lookup);
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const bucket = await newBucket(gives());
    const endpoint = gives().endpoint.replace("127.0.0.1", "localhost");
    const store = storeIn(bucket, settingsFor({ ...gives(), endpoint }, { pathStyleAccess: false }));
    assert.equal(await store.createIfAbsent("a", bytes), "created");
    assert.equal(await store.createIfAbsent("a", bytes), "exists");
    assert.deepEqual(await store.read("a"), bytes);
    assert.deepEqual(await store.list(""), [{ key: "a", length: 1 }]);
    assert.ok(asked.includes(`${bucket}.localhost`), asked.join());
    const byPath = storeIn(bucket, settingsFor(gives()), store.uri.split("/").at(-1));
    assert.deepEqual(await byPath.read("a"), bytes, "it is the same object");
  });

  it("holds objects encrypted as the settings ask for, and reads them", async () => {
    const bucket = await newBucket(gives());
    const store = storeIn(bucket, settingsFor(gives(), { encryption: "sse-s3", partMiB: 5 }), "p");
    const large = Buffer.alloc(11 * 1024 * 1024, 3);
    await store.put("a", bytes);
    const writer = await store.openWriter("data/x");
    await writer.write(large);
    const name = await writer.close();
    const client = clientOf(gives());
    for (const key of ["a", name]) {
      const held = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: `p/${key}` }));
      assert.equal(held.ServerSideEncryption, "AES256", key);
    }
    client.destroy();
    assert.equal(large.equals((await store.read(name)) ?? bytes), true);
  });

  it("is reached with a web identity: the token of the service account is exchanged for credentials", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "streamjob-s3-identity-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "the-token-of-the-pod");
    const asked: URLSearchParams[] = [];
    // AWS's token service; that of MinIO wants an OpenID provider.
    const sts = createServer((request, response) => {
      let body = "";
      request.on("data", (piece) => (body += String(piece)));
      request.on("end", () => {
        asked.push(new URLSearchParams(body));
        response.setHeader("content-type", "text/xml");
        response.end(
          `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>` +
            `<Credentials><AccessKeyId>${gives().accessKey}</AccessKeyId><SecretAccessKey>${gives().secretKey}</SecretAccessKey>` +
            `<SessionToken></SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>` +
            `</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
        );
      });
    }).listen(0, "127.0.0.1");
    await once(sts, "listening");
    t.after(() => sts.close());
    const bucket = await newBucket(gives());
    const program = `
      const { openStore } = await import(${JSON.stringify(storageRoom)});
      const store = await openStore("s3://${bucket}/x");
      console.log(await store.createIfAbsent("a", Buffer.from("1")), String(Buffer.from(await store.read("a"))));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
      env: childEnvironment({
        AWS_ACCESS_KEY_ID: undefined,
        AWS_SECRET_ACCESS_KEY: undefined,
        AWS_REGION: "us-east-1",
        AWS_ENDPOINT_URL_S3: gives().endpoint,
        STREAMJOB_S3_PATH_STYLE_ACCESS: "true",
        AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/words",
        AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
      }),
    });
    let said = "";
    child.stdout.on("data", (piece) => (said += String(piece)));
    await once(child, "close");
    assert.equal(said.trim(), "created 1");
    assert.equal(asked[0]?.get("Action"), "AssumeRoleWithWebIdentity");
    assert.equal(asked[0]?.get("WebIdentityToken"), "the-token-of-the-pod");
    assert.equal(asked[0]?.get("RoleArn"), "arn:aws:iam::123456789012:role/words");
  });
});
