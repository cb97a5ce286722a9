/** The endpoint over real TLS connections, with reviews by hand and a JobManager that is one function. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import test, { type TestContext } from "node:test";
import { connect } from "node:tls";
import { type Log, silentLog, systemClock } from "../../base/index.ts";
import type { StreamJob } from "../../crds/index.ts";
import { createJobAuthority } from "../certificates/index.ts";
import type { JobManagerTarget, RelayAnswer, RelayRequest } from "../engine/index.ts";
import { ApiError, type KubernetesApi } from "../kubernetes/api/index.ts";
import { incarnationJobId } from "../reconcile/index.ts";
import { ManualClock } from "../../runtime/testkit/index.ts";
import { handWrittenReviews } from "./hand-written-reviews.test-support.ts";
import { startOperatorRest } from "./server.ts";

const authority = createJobAuthority(Buffer.alloc(32, 7));
const names = ["rest.ops.svc"];
const HOUR_MS = 3_600_000;
const { ca } = authority.restFiles({ names, notBeforeMs: 0, notAfterMs: 1 });
const OVERVIEW = "/namespaces/apps/streamjobs/wc/overview";
const STOP = `/namespaces/apps/streamjobs/wc/jobs/${"a".repeat(32)}/stop`;

const streamJob = (active: object | null): StreamJob =>
  ({
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc", namespace: "apps", uid: "u1" },
    spec: { job: { module: "/job.ts" } },
    ...(active === null ? {} : { status: { active } }),
  }) as unknown as StreamJob;

const running = streamJob({
  incarnation: 3,
  jobId: "b".repeat(32),
  generation: 1,
  revision: "wc-1",
  storeUri: "file:///s",
  activationId: "c".repeat(32),
  startedAt: "2026-01-01T00:00:00Z",
  firstCheckpointAt: null,
  stableAt: null,
  restartsSeen: null,
  ended: null,
});

type Line = { readonly message: string; readonly facts: Record<string, unknown> };
type Passed = { readonly target: JobManagerTarget; readonly request: RelayRequest };
type Call = {
  readonly method?: string;
  readonly path?: string;
  readonly token?: string;
  readonly body?: string | Buffer;
  readonly isChunked?: boolean;
};
type Called = { readonly status: number; readonly headers: Record<string, unknown>; readonly text: string };

async function opened(context: TestContext, job: StreamJob | null = running, namespaces: string[] | null = null) {
  const lines: Line[] = [];
  const passed: Passed[] = [];
  const reviews = handWrittenReviews();
  let answer: () => RelayAnswer | Promise<RelayAnswer> = () => ({
    kind: "response",
    status: 200,
    contentType: "application/json",
    text: '{"ok":true}',
  });
  const log: Log = { ...silentLog, info: (facts, message) => void lines.push({ message, facts: { ...facts } }) };
  let isDown = false;
  const get = async (): Promise<StreamJob | null> => {
    if (isDown) throw new ApiError("Unavailable", "connect ECONNREFUSED");
    return job;
  };
  const rest = await startOperatorRest({
    port: 0,
    certificate: (validity) => authority.restFiles({ names, ...validity }),
    reviews,
    audiences: ["streamjob.dev"],
    api: { get: get as KubernetesApi["get"] },
    namespaces,
    relay: {
      relay: async (target, request) => {
        passed.push({ target, request });
        return answer();
      },
    },
    clock: systemClock,
    log,
  });
  context.after(() => rest.close());
  const call = ({ method = "GET", path = OVERVIEW, token, body, isChunked = false }: Call): Promise<Called> =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const options = { host: "127.0.0.1", port: rest.port, method, path, headers, ca, servername: "rest.ops.svc" };
      const outgoing = httpsRequest(options, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(pieces).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      outgoing.on("error", reject);
      if (isChunked) outgoing.flushHeaders();
      outgoing.end(body);
    });
  return {
    port: rest.port,
    lines,
    passed,
    reviews,
    call,
    answerWith: (next: typeof answer) => (answer = next),
    apiServerGoes: () => (isDown = true),
  };
}

const errorsOf = ({ text }: Called): readonly string[] => (JSON.parse(text) as { errors: string[] }).errors;

test("a reader's request goes to the active incarnation's JobManager, and its answer comes back as it is", async (context) => {
  const { call, passed, answerWith, lines } = await opened(context);
  answerWith(() => ({ kind: "response", status: 404, contentType: "application/json", text: '{"errors":["no"]}' }));
  const { status, text, headers } = await call({ token: "reader-1", path: `${OVERVIEW}?get=a,b` });
  assert.deepEqual([status, text], [404, '{"errors":["no"]}']);
  assert.equal(headers["x-content-type-options"], "nosniff");
  const target = { namespace: "apps", job: "wc", incarnation: 3, jobId: incarnationJobId(running, 3) };
  const request = { method: "GET", path: "/overview?get=a,b", body: null, user: "reader-1" };
  assert.deepEqual(passed, [{ target, request }]);
  assert.deepEqual(lines, []);
});

test("RHA1: without a token that counts every path and method has one answer, and nobody is asked for anything", async (context) => {
  const { call, passed, reviews } = await opened(context);
  for (const token of [undefined, "stranger"]) {
    const said = new Set<string>();
    for (const method of ["GET", "POST", "DELETE"]) {
      for (const path of [OVERVIEW, STOP, "/", "/namespaces/none/streamjobs/none/jobs", "/livez", "/..", "/%2e%2e"]) {
        const answer = await call({ method, path, ...(token === undefined ? {} : { token }) });
        assert.equal(answer.status, 401);
        assert.equal(answer.headers["www-authenticate"], "Bearer");
        said.add(answer.text);
      }
    }
    assert.equal(said.size, 1);
  }
  assert.deepEqual([passed, reviews.rights], [[], []]);
});

test("SEC-23: who changes something, or tries to, is in the log with path and result; the name is passed on as a header may hold it", async (context) => {
  const { call, lines, passed } = await opened(context);
  await call({ method: "POST", path: STOP, token: "writer-1", body: "{}" });
  await call({ method: "POST", path: STOP, token: "reader-1", body: "{}" });
  await call({ method: "POST", path: STOP });
  const path = STOP.replace("/namespaces/apps/streamjobs/wc", "");
  const facts = { method: "POST", path, namespace: "apps", job: "wc" };
  assert.deepEqual(lines, [
    { message: "a REST request was accepted", facts: { ...facts, user: "writer-1", status: 200 } },
    { message: "a REST request was refused", facts: { ...facts, user: "reader-1", status: 403 } },
    {
      message: "a REST request was refused",
      facts: { method: "POST", path: STOP, namespace: undefined, job: undefined, user: undefined, status: 401 },
    },
  ]);
  assert.deepEqual(
    passed.map(({ request }) => [request.body, request.user]),
    [["{}", "writer-1"]],
  );
});

test("what belongs to the operator, and what is no route, is not passed on even for who may change everything", async (context) => {
  const { call, passed } = await opened(context);
  const at = (path: string): string => `/namespaces/apps/streamjobs/wc${path}`;
  for (const [method, path, status] of [
    ["PUT", "/streamjob/activation", 403],
    ["POST", "/streamjob/preflight", 403],
    ["POST", "/streamjob/collections", 403],
    ["GET", `/streamjob/collections/${"a".repeat(32)}`, 403],
    ["POST", "/jars/upload", 404],
    ["DELETE", "/jobs", 404],
    ["GET", "/jobs/%2e%2e/overview", 404],
    ["GET", "/v1/v1/jobs", 404],
  ] as const) {
    const answer = await call({ method, path: at(path), token: "writer-1" });
    assert.equal(answer.status, status, path);
    assert.ok(errorsOf(answer)[0]);
  }
  assert.deepEqual(passed, []);
});

test("where there is nobody to ask it is said what is missing", async (context) => {
  for (const [job, namespaces, status, words] of [
    [null, null, 404, /no StreamJob apps\/wc/],
    [running, ["shop"], 404, /that this operator reconciles/],
    [streamJob(null), null, 503, /no incarnation that runs: see kubectl describe streamjob wc --namespace apps/],
  ] as const) {
    const { call, passed } = await opened(context, job, namespaces === null ? null : [...namespaces]);
    const answer = await call({ token: "reader-1" });
    assert.equal(answer.status, status);
    assert.match(errorsOf(answer).join(), words);
    assert.deepEqual(passed, []);
  }
  const { call, answerWith, apiServerGoes } = await opened(context);
  answerWith(() => ({ kind: "unreachable", message: "JobManager wc-3 has no address" }));
  assert.deepEqual(errorsOf(await call({ token: "reader-1" })), ["JobManager wc-3 has no address; try again"]);
  const change = await call({ method: "POST", path: STOP, token: "writer-1" });
  assert.equal(change.status, 502);
  assert.match(errorsOf(change).join(), /whether it was done is not known/);
  apiServerGoes();
  const without = await call({ token: "reader-1" });
  assert.equal(without.status, 503);
  assert.match(errorsOf(without).join(), /ECONNREFUSED; try again/);
});

test("RHA2: a body beyond the limit, said or not, and one that is no text are refused", async (context) => {
  const { call, passed } = await opened(context);
  const large = "x".repeat(1024 * 1024 + 1);
  const answer = await call({ method: "POST", path: STOP, token: "writer-1", body: large });
  assert.equal(answer.status, 413);
  const unsaid = await call({ method: "POST", path: STOP, token: "writer-1", body: large, isChunked: true });
  assert.equal(unsaid.status, 413);
  assert.equal((await call({ method: "POST", path: STOP, token: "writer-1", body: Buffer.from([0xff]) })).status, 400);
  assert.deepEqual(passed, []);
});

test("RHA3: a JobManager that hangs keeps nobody from another, and its own callers are asked to come back", async (context) => {
  const { call, passed, answerWith } = await opened(context);
  const { promise, resolve } = Promise.withResolvers<RelayAnswer>();
  answerWith(() => promise);
  const hanging = Array.from({ length: 6 }, () => call({ token: "reader-1" }));
  while (passed.length < 6) await new Promise((turn) => setImmediate(turn));
  const one = await call({ token: "reader-1" });
  assert.deepEqual([one.status, one.headers["retry-after"]], [503, "1"]);
  answerWith(() => ({ kind: "response", status: 200, contentType: "application/json", text: "{}" }));
  assert.equal((await call({ token: "reader-1", path: OVERVIEW.replace("wc", "other") })).status, 200);
  resolve({ kind: "response", status: 200, contentType: "application/json", text: "{}" });
  for (const { status } of await Promise.all(hanging)) assert.equal(status, 200);
  assert.equal((await call({ token: "reader-1" })).status, 200);
});

test("what two readers of HTTP could read differently is refused, and nothing of it is passed on", async (context) => {
  const { port, passed } = await opened(context);
  const authorization = "Authorization: Bearer writer-1\r\n";
  for (const request of [
    `POST ${STOP} HTTP/1.1\r\nHost: a\r\n${authorization}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /`,
    `POST ${STOP} HTTP/1.1\r\nHost: a\r\n${authorization}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}  `,
    `POST ${STOP} HTTP/1.1\r\nHost: a\r\n${authorization}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `POST ${STOP} HTTP/1.1\r\nHost: a\r\n${authorization}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    `GET ${OVERVIEW}\x00 HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`,
  ]) {
    const heard = await new Promise<string>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port, ca, servername: "rest.ops.svc" }, () => socket.write(request));
      let text = "";
      socket.on("data", (piece: Buffer) => (text += piece.toString()));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(text));
    });
    assert.match(heard, /^HTTP\/1\.1 4\d\d /, request);
  }
  assert.deepEqual(passed, []);
});

test("RSV2: the certificate that is shown is renewed while it runs", async (context) => {
  const clock = new ManualClock();
  const shown: number[] = [];
  const rest = await startOperatorRest({
    port: 0,
    certificate: (validity) => {
      shown.push(validity.notBeforeMs);
      const notBeforeMs = systemClock.nowMs() - HOUR_MS * shown.length;
      return authority.restFiles({ names, notBeforeMs, notAfterMs: notBeforeMs + 100 * HOUR_MS });
    },
    reviews: handWrittenReviews(),
    audiences: ["streamjob.dev"],
    api: { get: async () => null },
    namespaces: null,
    relay: { relay: async () => ({ kind: "unreachable", message: "nobody" }) },
    clock,
    log: silentLog,
  });
  context.after(async () => {
    const closed = rest.close();
    clock.advance("1s");
    await closed;
  });
  const serial = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port: rest.port, ca, servername: "rest.ops.svc" }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on("error", reject);
    });
  const before = await serial();
  clock.advance("1d");
  assert.notEqual(await serial(), before);
});
