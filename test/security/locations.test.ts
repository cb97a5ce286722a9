import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLog, StreamError, seededRandom, systemClock } from "../../base/index.ts";
import { savepointPlace } from "../../cli/jobs/job-triggers.ts";
import { locationTrouble } from "../../contract/index.ts";
import { validateSnapshot, validateStreamJob } from "../../crds/index.ts";
import { running, setting } from "../../runtime/jobmanager/scripted-job.test-support.ts";
import { startRest } from "../../runtime/rest/index.ts";
import { assertDiallable, guardedLookup } from "../../runtime/storage/s3/dialled-hosts.ts";
import { honestLocations, hostileLocations } from "./hostile-locations.ts";

/** Hosts that this process dials while the test runs. */
function dialledHosts(t: TestContext): readonly string[] {
  const hosts: string[] = [];
  const connect = Socket.prototype.connect;
  t.mock.method(Socket.prototype, "connect", function spied(this: Socket, ...args: Parameters<Socket["connect"]>) {
    const [first] = args.flat() as unknown as readonly [{ readonly host?: string; readonly path?: string }];
    hosts.push(first?.host ?? first?.path ?? "?");
    return connect.apply(this, args);
  });
  return hosts;
}

test("SEC-11 there are more than 500 hostile places, and their form alone gives each away; honest ones pass", () => {
  assert.ok(hostileLocations.length >= 500, `${hostileLocations.length}`);
  const missed = hostileLocations.filter((location) => locationTrouble(location) === null);
  assert.deepEqual(missed, []);
  for (const location of honestLocations) assert.equal(locationTrouble(location), null, location);
});

test("SEC-11 a manifest with a hostile place is refused with the field", () => {
  const metadata = { name: "wc", namespace: "default" };
  const job = (spec: object): object => ({
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata,
    spec: { job: { module: "/job.ts" }, ...spec },
  });
  for (const path of hostileLocations) {
    const specs = [{ savepoints: { path } }, { checkpoints: { storage: { path } } }, { restore: { path } }];
    for (const spec of specs) {
      const validated = validateStreamJob(job(spec));
      assert.equal(validated.kind, "invalid", JSON.stringify(spec));
    }
    const snapshot = {
      apiVersion: "streamjob.dev/v1alpha1",
      kind: "StreamJobSnapshot",
      metadata,
      spec: { job: "wc", path },
    };
    assert.equal(validateSnapshot(snapshot).kind, "invalid", path);
  }
  for (const path of honestLocations.filter((place) => !place.startsWith("memory"))) {
    assert.equal(validateStreamJob(job({ savepoints: { path } })).kind, "valid", path);
  }
});

test("SEC-11 the command line sends only what names one place, however it was written", () => {
  for (const location of hostileLocations) {
    let sent: string;
    try {
      sent = savepointPlace(location);
    } catch (error) {
      assert.ok(error instanceof StreamError && error.code === "OPTION_INVALID", location);
      continue;
    }
    // A plain path that climbs is a person's own, in a shell: it was made absolute.
    assert.match(sent, /^file:\/\/\/(?!.*\/\.\.?(\/|$))[!-~]*$/, location);
    assert.equal(locationTrouble(sent), null, location);
  }
});

test("SEC-11 REST takes savepoints and deletes them only below the places that a job may use, and dials nobody for the others", async (t) => {
  const place = await setting(t, { options: { "heartbeat.timeout": "1 min" } });
  const allowed = join(place.folder, "allowed");
  const { manager } = await running(t, place, { savepointPrefixes: [allowed] });
  const options = { control: manager, clock: systemClock, random: seededRandom(1), log: silentLog, version: "0" };
  const rest = await startRest({ ...options, port: 0 });
  t.after(() => rest.close());
  const url = `http://127.0.0.1:${rest.port}`;
  const before = readdirSync(place.folder).toSorted();
  const hosts = dialledHosts(t);
  const send = async (path: string, body: object): Promise<number> => {
    const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
    await response.text();
    return response.status;
  };
  const jobs = `/jobs/${manager.jobId}`;
  const ways: readonly ((location: unknown) => Promise<number>)[] = [
    (location) => send(`${jobs}/savepoints`, { "target-directory": location }),
    (location) => send(`${jobs}/savepoints`, { targetPath: location }),
    (location) => send(`${jobs}/stop`, { targetDirectory: location }),
    (location) => send(`${jobs}/stop`, { targetPath: location, drain: true }),
    (location) => send("/savepoint-disposal", { "savepoint-path": location }),
  ];
  const values = [...hostileLocations, "", "x".repeat(5000), 7, {}, ["/a"], true];
  const left = [...values.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [index, location] = next;
      assert.equal(await ways[index % ways.length]?.(location), 400, JSON.stringify(location));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  const outside = [
    `${allowed}-too`,
    place.folder,
    "/",
    "/etc",
    "s3://bucket/x",
    "savepoints",
    `file://${place.folder}/other`,
  ];
  for (const location of outside) {
    for (const way of ways.slice(0, 4)) assert.equal(await way(location), 400, location);
    await assert.rejects(manager.disposeSavepoint(location), { code: "OPTION_INVALID" });
  }
  assert.deepEqual(readdirSync(place.folder).toSorted(), before, "nothing was written");
  assert.deepEqual(manager.checkpoints().history, [], "no task was asked for anything");
  assert.equal(manager.job().status, "RUNNING");
  assert.deepEqual([...new Set(hosts)], ["127.0.0.1"]);
  assert.equal(await send(`/jobs/${manager.jobId}/savepoints`, { "target-directory": `${allowed}/today` }), 202);
});

test("SEC-11 a store is never reached at a link-local or metadata address, however the endpoint is written", async () => {
  // biome-ignore format: a list of addresses
  const bad = [
    "http://169.254.169.254", "http://169.254.169.254:80/x", "http://169.254.170.2", "http://169.254.0.1", "http://0xa9fea9fe", "http://2852039166",
    "http://0251.0376.0251.0376", "http://169.254.43518", "http://[fe80::1]", "http://[febf::1]", "http://[::ffff:169.254.169.254]", "http://[::ffff:a9fe:a9fe]",
    "http://[fd00:ec2::254]", "http://[fd20:ce::254]", "http://100.100.100.200", "http://metadata", "http://metadata.google.internal", "http://METADATA.google.internal.",
    "http://instance-data", "http://user@s3.example.com", "http://user:password@s3.example.com", "http://", "nonsense",
  ];
  for (const endpoint of bad) assert.throws(() => assertDiallable(endpoint), { code: "OPTION_INVALID" }, endpoint);
  for (const endpoint of [
    "http://127.0.0.1:9000",
    "https://s3.example.com",
    "http://10.0.0.1",
    "http://minio.storage.svc:9000",
  ])
    assertDiallable(endpoint);
  const looked = (name: string, all: boolean): Promise<unknown> =>
    new Promise((resolve) => guardedLookup(name, { all }, (error, found) => resolve(error?.message ?? found)));
  assert.match(String(await looked("169.254.169.254", false)), /link-local/);
  assert.match(String(await looked("169.254.169.254", true)), /link-local/);
  assert.equal(await looked("127.0.0.1", false), "127.0.0.1");
  assert.deepEqual(await looked("127.0.0.1", true), [{ address: "127.0.0.1", family: 4 }]);
});
