/** What is refused, with which status and words, and that nothing was done. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { silentLog, StreamError, seededRandom, systemClock } from "../../base/index.ts";
import { errorsSchema } from "../../contract/index.ts";
import { startRest } from "./server.ts";
import { JOB, start, ask, post } from "./hand-written-control.test-support.ts";

const refusals: Record<
  string,
  { readonly path: string; readonly status: number; readonly says: RegExp; readonly init?: RequestInit }
> = {
  "an unknown path": { path: "/nothing", status: 404, says: /Not found: GET \/nothing/ },
  "a method that a path does not have": { path: "/overview", status: 404, says: /Not found: POST/, init: post({}) },
  "a job that is not here": { path: `/jobs/${"f".repeat(32)}`, status: 404, says: /not found/ },
  "an id in upper case": { path: `/jobs/${"F".repeat(32)}`, status: 400, says: /jobId .* 32 lower-case/ },
  "a path that climbs": { path: "/jobs/..%2f..%2fetc%2fpasswd", status: 400, says: /jobId/ },
  "cancelling a job that is not here": {
    path: `/jobs/${"f".repeat(32)}`,
    status: 404,
    says: /not found/,
    init: { method: "PATCH" },
  },
  "another mode than cancel": { path: `/jobs/${JOB}?mode=stop`, status: 400, says: /mode/, init: { method: "PATCH" } },
  "a savepoint without a directory": {
    path: `/jobs/${JOB}/savepoints`,
    status: 400,
    says: /give a directory/,
    init: post(""),
  },
  "a savepoint of a job in the wrong state": {
    path: `/jobs/${JOB}/savepoints`,
    status: 409,
    says: /restarting/,
    init: post({ "target-directory": "/busy" }),
  },
  "a body that is no JSON": { path: `/jobs/${JOB}/stop`, status: 400, says: /not JSON/, init: post("{") },
  "a body that is no object": { path: `/jobs/${JOB}/stop`, status: 400, says: /the body/, init: post("[]") },
  "a body that is not UTF-8": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /UTF-8/,
    init: { method: "POST", body: new Uint8Array([0x22, 0xff, 0x22]) },
  },
  "a field of the wrong type": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"drain"/,
    init: post({ drain: "yes" }),
  },
  "a misspelt field": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /target_directory/,
    init: post({ target_directory: "/s" }),
  },
  "a directory with a control character": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"targetDirectory".*control/,
    init: post({ targetDirectory: "/s\u0000" }),
  },
  __proto__: {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"__proto__" is not allowed/,
    init: post('{"__proto__":{"drain":true}}'),
  },
  "constructor, nested": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /"constructor"/,
    init: post('{"drain":{"a":[{"constructor":{"prototype":1}}]}}'),
  },
  "JSON nested too deep": {
    path: `/jobs/${JOB}/stop`,
    status: 400,
    says: /deeper than the limit of 32/,
    init: post("[".repeat(500_000)),
  },
  "a body over 1 MiB": {
    path: `/jobs/${JOB}/stop`,
    status: 413,
    says: /1048576/,
    init: post(`"${"x".repeat(1024 * 1024)}"`),
  },
  "a page of another site": {
    path: `/jobs/${JOB}?mode=cancel`,
    status: 403,
    says: /another site/,
    init: { method: "PATCH", headers: { origin: "http://evil.example" } },
  },
};

describe("refused, with the reason and nothing done", () => {
  for (const [name, { path, status, says, init }] of Object.entries(refusals)) {
    it(name, async () => {
      const { url, asked } = await start();
      const { errors } = await ask(url + path, errorsSchema, status, init);
      assert.match(errors.join("\n"), says);
      assert.ok(!asked.includes("cancel"));
      assert.equal(({} as Record<string, unknown>).drain, undefined);
    });
  }

  it("cancelling a job that has ended is a conflict", async () => {
    const { url, be, asked } = await start();
    be("FINISHED");
    const { errors } = await ask(`${url}/jobs/${JOB}?mode=cancel`, errorsSchema, 409, { method: "PATCH" });
    assert.match(errors[0] ?? "", /terminal state FINISHED/);
    assert.deepEqual(asked, []);
  });

  it("a body that grows beyond the limit without saying its length", async () => {
    const { url } = await start();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/jobs/${JOB}/stop`, { method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject);
      for (let i = 0; i < 20; i++) request.write(Buffer.alloc(64 * 1024, 0x20));
      request.end();
    });
    assert.equal(status, 413);
  });

  it("a name that an attacker's server resolves to this machine (RA1)", async () => {
    const { server, asked } = await start();
    const head = await rawRequest(
      server.port,
      `PATCH /jobs/${JOB}?mode=cancel HTTP/1.1\r\nHost: rebind.example:${server.port}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(head, /^HTTP\/1\.1 403/);
    assert.deepEqual(asked, []);
  });

  it("headers over 16 KiB", async () => {
    const { server } = await start();
    const head = await rawRequest(
      server.port,
      `GET /overview HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
    );
    assert.match(head, /^HTTP\/1\.1 431/);
  });

  it("a port that is taken", async () => {
    const { server, control } = await start();
    const options = { control, clock: systemClock, random: seededRandom(1), log: silentLog, version: "0" };
    await assert.rejects(startRest({ ...options, port: server.port }), (error: StreamError) => {
      assert.equal(error.code, "PORT_IN_USE");
      assert.match(error.message, new RegExp(`${server.port}.*--rest-port`));
      return true;
    });
  });
});

/** Sends bytes and gives what came back until the other side closed. */
function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.on("data", (piece) => (answer += piece.toString("latin1")));
    socket.on("close", () => resolve(answer));
    socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
  });
}
