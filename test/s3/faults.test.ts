/** A store that is slow, throttles, loses answers or breaks connections: what a caller sees of it. The server behind the proxy is real. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { seededRandom, type StreamError } from "../../base/index.ts";
import { probeStore, type S3Settings } from "../../runtime/storage/index.ts";
import type { S3ObjectStore } from "../../runtime/storage/s3/index.ts";
import { type Fault, FaultProxy, minioPart, testPart } from "../environment/index.ts";
import { newBucket, settingsFor, storeIn } from "./buckets.ts";

const MIB = 1024 * 1024;
const { skip, gives } = await testPart(minioPart);
const SLOW_DOWN: Fault = { kind: "answer", status: 503, code: "SlowDown" };
const INTERNAL: Fault = { kind: "answer", status: 500, code: "InternalError" };
const CONFLICT: Fault = { kind: "answer", status: 409, code: "ConditionalRequestConflict" };
const LOST: Fault = { kind: "lose response" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an S3 store behind a bad network", { skip }, () => {
  let proxy: FaultProxy;
  let bucket = "";
  before(async () => {
    proxy = await FaultProxy.start(gives().endpoint);
    bucket = await newBucket(gives());
  });
  after(() => proxy.stop());
  beforeEach(() => {
    proxy.faultOf = () => null;
  });

  const storeWith = (changes: Partial<S3Settings> = {}): S3ObjectStore =>
    storeIn(bucket, settingsFor({ ...gives(), endpoint: proxy.endpoint }, changes));

  /** The first requests of these methods meet these faults, one each. */
  function first(methods: string, ...faults: readonly Fault[]): void {
    const left = [...faults];
    proxy.faultOf = ({ method }) => (methods.split(" ").includes(method) ? (left.shift() ?? null) : null);
  }

  it("a creator whose answer is lost is told that it created, and the next one that it exists (S3O1)", async () => {
    const store = storeWith();
    first("PUT", LOST, LOST);
    assert.equal(await store.createIfAbsent("epochs/1", bytes("one")), "created");
    first("PUT", LOST);
    assert.equal(await store.createIfAbsent("epochs/1", bytes("two")), "exists");
    assert.deepEqual(await store.read("epochs/1"), bytes("one"));
  });

  it("exactly one of many creators is told `created`, also when all first answers are lost, or are conflicts (OBS1)", async () => {
    const store = storeWith({ attemptsMax: 20 });
    const writers = 20;
    let puts = 0;
    const later = [CONFLICT, null, LOST, null, INTERNAL];
    proxy.faultOf = ({ method }) => {
      if (method !== "PUT") return null;
      return puts++ < writers ? LOST : puts < 3 * writers ? (later[puts % later.length] ?? null) : null;
    };
    const outcomes = await Promise.all(
      Array.from({ length: writers }, (_, writer) => store.createIfAbsent("epochs/1", bytes(`writer ${writer}`))),
    );
    assert.equal(outcomes.filter((outcome) => outcome === "created").length, 1);
    assert.deepEqual(await store.read("epochs/1"), bytes(`writer ${outcomes.indexOf("created")}`));
  });

  for (const [what, faults] of Object.entries({
    "500s": [INTERNAL, INTERNAL],
    throttling: [SLOW_DOWN, { ...SLOW_DOWN, status: 429 }],
    "connections that break": [LOST, { kind: "cut", afterBytes: 1 }],
  } satisfies Record<string, readonly Fault[]>)) {
    it(`every call survives ${what} (S3C1)`, async () => {
      const store = storeWith();
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        PUT: () => store.put("a", bytes("body")),
        GET: async () => assert.deepEqual(await store.read("a"), bytes("body")),
        HEAD: async () => assert.deepEqual(await store.stat("a"), { key: "a", length: 4 }),
        "GET ": async () => assert.deepEqual(await store.list(""), [{ key: "a", length: 4 }]),
        DELETE: () => store.delete("a"),
      };
      for (const [method, call] of Object.entries(calls)) {
        first(method.trim(), ...faults);
        await call();
      }
      assert.equal(await store.stat("a"), null);
    });
  }

  it("gives up after its attempts, with what was said and what to do", async () => {
    const store = storeWith({ attemptsMax: 3 });
    proxy.faultOf = () => INTERNAL;
    const before = proxy.requests;
    await assert.rejects(store.read("a"), (error: StreamError) => {
      assert.equal(error.code, "STORE_UNAVAILABLE");
      assert.match(
        error.message,
        /^could not read s3:\/\/\S+\/a: InternalError: by the proxy \(HTTP 500\) \(3 attempts\); check/,
      );
      return error.destiny === "retry";
    });
    assert.equal(proxy.requests - before, 3);
    proxy.faultOf = () => ({ kind: "answer", status: 507, code: "XMinioStorageFull" });
    await assert.rejects(store.put("a", bytes("x")), { code: "STORE_FULL" });
  });

  it("a write that is denied is tried a few times, and no more where it always is (S3C4)", async () => {
    const store = storeWith({ attemptsMax: 10 });
    const denied: Fault = { kind: "answer", status: 403, code: "AccessDenied" };
    first("PUT", denied, denied);
    await store.put("a", bytes("body"));
    assert.deepEqual(await store.read("a"), bytes("body"));
    proxy.faultOf = () => denied;
    const before = proxy.requests;
    await assert.rejects(store.put("a", bytes("x")), /AccessDenied.*\(4 attempts\); check the credentials/);
    assert.equal(proxy.requests - before, 4);
  });

  it("an answer that never comes is cut and asked for again, and is an error in the end (S3C3)", async () => {
    const store = storeWith({ requestTimeoutMs: 200, attemptsMax: 3 });
    await store.put("a", bytes("body"));
    first("GET", { kind: "stall" });
    assert.deepEqual(await store.read("a"), bytes("body"));
    proxy.faultOf = () => ({ kind: "stall" });
    await assert.rejects(store.stat("a"), /no answer within 200 ms \(3 attempts\)/);
  });

  it("a large object is read whole, however slowly it comes and however often it is cut", async () => {
    const store = storeWith();
    const body = Buffer.alloc(6 * MIB, "abcdefg");
    await store.put("large", body);
    first(
      "GET",
      { kind: "cut", afterBytes: MIB },
      { kind: "cut", afterBytes: 5 * MIB },
      { kind: "trickle", pieceBytes: 10_000 },
    );
    assert.ok(body.equals((await store.read("large")) ?? Buffer.alloc(0)));
  });

  it("parts that fail are sent again; an upload that cannot be finished is given up, and the writer told (S3W3)", async () => {
    const store = storeWith({ partMiB: 5, attemptsMax: 4 });
    const write = async (): Promise<string> => {
      const writer = await store.openWriter("data/x");
      try {
        for (let piece = 0; piece < 4; piece++) await writer.write(Buffer.alloc(4 * MIB, piece));
        return await writer.close("data/x");
      } catch (error) {
        await writer.abort();
        throw error;
      }
    };
    first("PUT", LOST, SLOW_DOWN, INTERNAL);
    const key = await write();
    assert.deepEqual(await store.list(""), [{ key, length: 16 * MIB }]);
    proxy.faultOf = ({ method, path }) => (method === "PUT" && path.includes("partNumber=2") ? INTERNAL : null);
    await assert.rejects(write(), { code: "STORE_UNAVAILABLE", message: /could not upload a part of .*InternalError/ });
    proxy.faultOf = () => null;
    assert.equal((await store.list("")).length, 1);
    assert.equal(await store.removeUnfinished("", () => true), 0);
  });

  it("an upload whose completion was not answered is complete (S3W4)", async () => {
    const store = storeWith({ partMiB: 5 });
    const writer = await store.openWriter("data/x");
    await writer.write(Buffer.alloc(11 * MIB));
    let completions = 0;
    proxy.faultOf = ({ method, path }) => {
      if (method !== "POST" || !path.includes("uploadId=")) return null;
      // As AWS answers some time after it; other servers answer as before.
      return completions++ === 0 ? LOST : { kind: "answer", status: 404, code: "NoSuchUpload" };
    };
    const key = await writer.close();
    assert.equal(completions, 2);
    assert.deepEqual(await store.list(""), [{ key, length: 11 * MIB }]);
  });

  it("a server whose authority only s3.ssl.ca-file names is trusted, and without it refused", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "streamjob-s3-tls-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const [keyFile, caFile] = [join(folder, "key.pem"), join(folder, "ca.pem")];
    const words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=streamjob -addext subjectAltName=IP:127.0.0.1";
    execFileSync("openssl", [...words.split(" "), "-keyout", keyFile, "-out", caFile], { stdio: "pipe" });
    const tls = { key: readFileSync(keyFile, "utf8"), cert: readFileSync(caFile, "utf8") };
    const secure = await FaultProxy.start(gives().endpoint, tls);
    t.after(() => secure.stop());
    const storeOver = (changes: Partial<S3Settings>): S3ObjectStore =>
      storeIn(bucket, settingsFor({ ...gives(), endpoint: secure.endpoint }, { attemptsMax: 1, ...changes }));
    await storeOver({ caFile }).put("a", bytes("x"));
    await assert.rejects(storeOver({}).put("a", bytes("x")), /could not write .*self-signed certificate/);
  });

  it("every object is written with the encryption that the settings ask for, a large one too", async () => {
    const store = storeWith({ encryption: "sse-kms", encryptionKey: "key-1", partMiB: 5, attemptsMax: 1 });
    const asked: unknown[] = [];
    proxy.faultOf = ({ method, path, headers }) => {
      const beginsUpload = method === "POST" && path.includes("uploads");
      if (method !== "PUT" && !beginsUpload) return null;
      asked.push([headers["x-amz-server-side-encryption"], headers["x-amz-server-side-encryption-aws-kms-key-id"]]);
      return { kind: "answer", status: beginsUpload ? 403 : 200, code: "AccessDenied" };
    };
    await store.put("a", bytes("x"));
    assert.equal(await store.createIfAbsent("b", bytes("x")), "created");
    const writer = await store.openWriter("data/x");
    await assert.rejects(
      writer.write(Buffer.alloc(20 * MIB)).then(() => writer.close()),
      /AccessDenied/,
    );
    assert.equal(asked.length >= 3, true);
    for (const one of asked) assert.deepEqual(one, ["aws:kms", "key-1"]);
  });

  it("a store that ignores conditions is refused at the start", async () => {
    const store = storeWith();
    await probeStore(store, seededRandom(1));
    let puts = 0;
    proxy.faultOf = ({ method }) => (method === "PUT" && puts++ > 0 ? { kind: "answer", status: 200, code: "" } : null);
    await assert.rejects(probeStore(store, seededRandom(2)), { code: "STORE_UNSUITABLE", destiny: "terminal" });
    proxy.faultOf = ({ headers }) =>
      headers["if-none-match"] === undefined ? null : { kind: "answer", status: 501, code: "NotImplemented" };
    await assert.rejects(probeStore(store, seededRandom(3)), { code: "STORE_UNSUITABLE", destiny: "terminal" });
    proxy.faultOf = () => null;
    assert.deepEqual(await store.list(""), []);
  });
});
