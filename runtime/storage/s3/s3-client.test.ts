/** Settings of S3 that cannot be right, and that nobody pays for S3 who does not use it. The store itself is tested on servers (test/s3). */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { S3_DEFAULTS, type S3Settings } from "../s3-settings.ts";
import { s3ClientFor } from "./s3-client.ts";

describe("the client of S3", () => {
  const wrong: Readonly<Record<string, [Partial<S3Settings>, RegExp]>> = {
    "half of the credentials": [{ accessKey: "a" }, /only one of s3\.access-key and s3\.secret-key is set/],
    "an endpoint that is no URL": [{ endpoint: "minio:9000" }, /s3\.endpoint is "minio:9000"; give a URL/],
    "authorities that are not there": [{ caFile: "/no/such.pem" }, /s3\.ssl\.ca-file \/no\/such\.pem cannot be read/],
  };
  for (const [what, [changes, message]] of Object.entries(wrong)) {
    it(`is refused ${what}`, () => {
      assert.throws(() => s3ClientFor({ ...S3_DEFAULTS, ...changes }), {
        code: "OPTION_INVALID",
        destiny: "terminal",
        message,
      });
    });
  }

  it("is one for all stores that are reached alike", () => {
    assert.equal(s3ClientFor(S3_DEFAULTS), s3ClientFor({ ...S3_DEFAULTS }));
    assert.notEqual(s3ClientFor(S3_DEFAULTS), s3ClientFor({ ...S3_DEFAULTS, pathStyleAccess: true }));
  });

  it("is not loaded before a store in S3 is opened", () => {
    const program = `
      const { createRequire } = await import("node:module");
      const { openStore } = await import(${JSON.stringify(new URL("../index.ts", import.meta.url).href)});
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("client-s3"));
      await openStore("memory://x");
      await openStore("/no/such/folder");
      const before = loaded();
      await openStore("s3://bucket/x");
      console.log(before, loaded());`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    assert.equal(said.trim(), "false true");
  });
});
