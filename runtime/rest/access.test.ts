/** SEC-9, SEC-23: every route, asked by everybody that may not, and by those that may. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { after, describe, it } from "node:test";
import { type Log, seededRandom, silentLog, systemClock } from "../../base/index.ts";
import { IDLE_CONNECTION_MS, JOB_ID_HEADER, USER_HEADER } from "../../contract/index.ts";
import { identityFiles, identityOf, termNow } from "../../security/identity-folder.test-support.ts";
import type { IdentityFiles } from "../../security/index.ts";
import { createControl, JOB } from "./hand-written-control.test-support.ts";
import { createRoutes, type Route } from "./routes.ts";
import { type RestServer, startRest } from "./server.ts";

const own = identityOf(identityFiles({ role: "jobmanager", jobId: JOB }));
const { ca } = own.files;
const DAY_MS = 86_400_000;
const past = { number: 0, notBeforeMs: systemClock.nowMs() - 2 * DAY_MS, notAfterMs: systemClock.nowMs() - DAY_MS };
/** Of this machine, and not what counts as loopback (CLL1): as from another pod. */
const ELSEWHERE = "127.0.0.2";

type Called = { readonly status: number; readonly body: string; readonly headers: Record<string, unknown> };
type Line = { readonly message: string; readonly facts: Record<string, unknown> };

const { control, asked } = createControl();
const lines: Line[] = [];
const info = (facts: object, message: string): void => void lines.push({ message, facts: { ...facts } });
const log: Log = { ...silentLog, info };
const parts = { control, clock: systemClock, random: seededRandom(1), log, version: "0.1.0" };
const server = await startRest({
  ...parts,
  host: "0.0.0.0",
  port: 0,
  security: { identity: own, expected: { jobId: JOB, role: "taskmanager" }, clock: systemClock, log },
});
after(() => server.close());
const routes = createRoutes({ ...parts, onAccepted: () => undefined, onTold: () => undefined });

const pathOf = (route: Route): string =>
  route.path
    .replace(":jobId", JOB)
    .replace(":triggerId", "1".repeat(32))
    .replace(/:(vertexId)/, "a".repeat(32))
    .replace(/:\w+/g, "0");

type Call = {
  readonly method: string;
  readonly path: string;
  readonly files?: Partial<IdentityFiles>;
  readonly headers?: Record<string, string>;
  readonly from?: string;
  readonly agent?: Agent;
};

function call({ method, path, files, headers = {}, from = ELSEWHERE, agent }: Call): Promise<Called> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: server.port,
      localAddress: from,
      method,
      path,
      headers,
      ca,
      ...files,
      checkServerIdentity: () => undefined,
      agent: agent ?? new Agent(),
    };
    const outgoing = httpsRequest(options, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(pieces).toString(),
          headers: response.headers,
        }),
      );
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

const operatorOf = (jobId: string): IdentityFiles => ({ ...identityFiles({ role: "operator", jobId }), ca });
const operator = operatorOf(JOB);

const strangers: Readonly<Record<string, { readonly call: Partial<Call>; readonly status: 401 | 403 }>> = {
  "nobody: no certificate": { call: {}, status: 401 },
  "a bearer token, which the operator would have to check": {
    call: { headers: { authorization: "Bearer right" } },
    status: 401,
  },
  "the operator, with an expired certificate": {
    call: { files: { ...identityFiles({ role: "operator", jobId: JOB, term: past }), ca } },
    status: 401,
  },
  "the operator, with a certificate for another job": { call: { files: operatorOf("b".repeat(32)) }, status: 401 },
  "somebody with an authority of his own": {
    call: { files: { ...identityFiles({ role: "operator", jobId: JOB, root: 9 }), ca } },
    status: 401,
  },
  "a TaskManager of this job": { call: { files: { ...identityFiles({ jobId: JOB }), ca } }, status: 403 },
  "a JobManager of this job": { call: { files: own.files }, status: 403 },
};

describe("SEC-9: REST beyond loopback", () => {
  for (const [who, { call: how, status }] of Object.entries(strangers)) {
    it(`refuses every route to ${who}`, async () => {
      lines.length = 0;
      const said = new Set<string>();
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (const route of routes) {
        for (const path of [pathOf(route), `/v1${pathOf(route)}`]) {
          const answer = await call({ method: route.method, path, agent, ...how });
          assert.equal(answer.status, status, `${route.method} ${path}`);
          assert.equal(answer.headers[JOB_ID_HEADER], undefined);
          said.add(answer.body);
        }
      }
      const unknown = await call({ method: "GET", path: "/nothing", agent, ...how });
      agent.destroy();
      assert.equal(unknown.status, status);
      said.add(unknown.body);
      assert.equal(said.size, 1, "it is the same answer everywhere");
      assert.deepEqual(asked, []);
      const mutating = routes.filter(({ method }) => method !== "GET").length * 2;
      assert.equal(lines.filter(({ message }) => message === "a REST request was refused").length, mutating);
    });
  }

  it("serves every route to the operator, and says whom it speaks for where something changes", async () => {
    lines.length = 0;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const route of routes) {
      const headers = { [USER_HEADER]: "jane" };
      const answer = await call({ method: route.method, path: pathOf(route), files: operator, headers, agent });
      assert.ok(answer.status !== 401 && answer.status !== 403, `${route.method} ${route.path}: ${answer.status}`);
      assert.equal(answer.headers[JOB_ID_HEADER], JOB);
    }
    agent.destroy();
    const audited = lines.filter(({ message }) => /^a REST request was (accepted|refused)$/.test(message));
    assert.equal(audited.length, routes.filter(({ method }) => method !== "GET").length);
    for (const { facts } of audited) {
      assert.deepEqual([facts["caller"], facts["user"]], ["operator", "jane"]);
      assert.ok(typeof facts["status"] === "number" && typeof facts["path"] === "string");
    }
    asked.length = 0;
  });

  it("keeps an idle connection of the operator until its next look, and long after", async () => {
    const agent = new Agent({ keepAlive: true });
    const { headers } = await call({ method: "GET", path: "/v1/overview", files: operator, agent });
    agent.destroy();
    assert.equal(headers["keep-alive"], `timeout=${IDLE_CONNECTION_MS / 1000}`);
  });

  it("hears no plain HTTP, and answers it on loopback; there a certificate is needed for nothing", async () => {
    const plain = (from: string): Promise<number | string> =>
      new Promise((resolve) => {
        const options = { host: "127.0.0.1", port: server.port, localAddress: from, path: "/overview" };
        const outgoing = httpRequest(options, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        outgoing.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
        outgoing.end();
      });
    assert.equal(await plain(ELSEWHERE), "ECONNRESET");
    assert.equal(await plain("127.0.0.1"), 200);
    const near = { method: "GET", path: "/overview", from: "127.0.0.1" };
    assert.equal((await call(near)).status, 200);
    assert.equal(
      (await call({ ...near, files: operatorOf("b".repeat(32)) })).status,
      401,
      "a wrong one is not passed over",
    );
    assert.equal((await call({ ...near, headers: { [USER_HEADER]: "x" } })).status, 200);
  });

  it("SEC-8: shows a renewed certificate at the next connection", async () => {
    const before = await call({ method: "GET", path: "/overview", files: operator });
    assert.equal(before.status, 200);
    own.renew(identityFiles({ role: "jobmanager", jobId: JOB, term: past }));
    await assert.rejects(call({ method: "GET", path: "/overview", files: operator }), { code: "CERT_HAS_EXPIRED" });
    own.renew(identityFiles({ role: "jobmanager", jobId: JOB, term: termNow(2) }));
    assert.equal((await call({ method: "GET", path: "/overview", files: operator })).status, 200);
  });

  it("without a certificate of its own serves loopback alone, whatever it listens on", async () => {
    const bare: RestServer = await startRest({ ...parts, host: "0.0.0.0", port: 0 });
    const heard = await new Promise<string>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port: bare.port, localAddress: ELSEWHERE });
      let text = "";
      socket.on("data", (piece: Buffer) => (text += piece.toString()));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(text));
      socket.write("GET /overview HTTP/1.1\r\nHost: localhost\r\n\r\n");
    });
    assert.equal(heard, "");
    assert.equal((await fetch(`http://127.0.0.1:${bare.port}/overview`)).status, 200);
    await bare.close();
  });

  it("ends, also while a connection has not said what it speaks", async () => {
    const other = await startRest({
      ...parts,
      port: 0,
      security: { identity: own, expected: { jobId: JOB, role: "taskmanager" }, clock: systemClock, log },
    });
    const silent = connect({ host: "127.0.0.1", port: other.port });
    silent.on("error", () => undefined);
    await new Promise((resolve) => silent.once("connect", resolve));
    await other.close();
  });
});
