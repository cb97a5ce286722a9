/** SEC-7, SEC-9: the operator and a JobManager that each checks the other. */
import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import type { TLSSocket } from "node:tls";
import { systemClock } from "../../base/index.ts";
import { JOB_ID_HEADER } from "../../contract/index.ts";
import { identityFiles } from "../../security/identity-folder.test-support.ts";
import type { IdentityFiles } from "../../security/index.ts";
import { createJobAuthority, operatorIdentities } from "../certificates/index.ts";
import { certificatePolicy, type JobManagerTarget } from "../engine/index.ts";
import { createHttpJobManagerApi } from "./http-jobmanager-api.ts";

const target: JobManagerTarget = { namespace: "apps", job: "wc", incarnation: 1, jobId: "a".repeat(32) };
const ours = operatorIdentities(createJobAuthority(Buffer.alloc(32, 7)), certificatePolicy, systemClock);

type Answered = { readonly said: unknown; readonly callers: readonly string[] };

/** What the client makes of a server with these files; `callers`: names in certificates that the server was shown with requests. */
async function ask(
  context: TestContext,
  files: IdentityFiles,
  identityOf: ((of: JobManagerTarget) => readonly IdentityFiles[]) | null = ours,
): Promise<Answered> {
  const callers: string[] = [];
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    callers.push((request.socket as TLSSocket).getPeerCertificate().subjectaltname ?? "");
    response.writeHead(404, { [JOB_ID_HEADER]: target.jobId, "content-type": "application/json" });
    response.end('{"errors":["There is no such trigger."]}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: () => `https://127.0.0.1:${port}`,
    ...(identityOf === null ? {} : { identityOf }),
  });
  context.after(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  const said = await api.trigger(target, "c".repeat(32), new AbortController().signal);
  return { said, callers };
}

test("HJ4: a JobManager of this incarnation is believed, and is shown the operator's certificate for it", async (context) => {
  const { said, callers } = await ask(context, identityFiles({ role: "jobmanager" }));
  assert.deepEqual(said, { kind: "answer", value: null });
  assert.deepEqual(callers, [`URI:streamjob://${target.jobId}/operator`]);
});

for (const [who, files] of Object.entries({
  "a TaskManager of the job": identityFiles({ role: "taskmanager" }),
  "another incarnation's JobManager": identityFiles({ role: "jobmanager", jobId: "b".repeat(32) }),
  "a JobManager of that name in another namespace": identityFiles({ role: "jobmanager", namespace: "other" }),
  "a JobManager by another root": identityFiles({ role: "jobmanager", root: 8 }),
})) {
  test(`HJ4, P-11: ${who} is asked nothing; it is unreachable, whatever it would say`, async (context) => {
    const { said, callers } = await ask(context, files);
    assert.equal((said as { kind: string }).kind, "unreachable");
    assert.deepEqual(callers, []);
  });
}

test("HJ6: the connection is kept for the next call, and another JobManager's is another one", async (context) => {
  const connections: string[] = [];
  const files = identityFiles({ role: "jobmanager" });
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: false }, (_request, response) => {
    response.writeHead(404, { [JOB_ID_HEADER]: target.jobId, "content-type": "application/json" });
    response.end('{"errors":["There is no such trigger."]}');
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    connections.push(socket.getPeerCertificate().subjectaltname ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const addressOf = (): string => `https://127.0.0.1:${port}`;
  const api = createHttpJobManagerApi({ clock: systemClock, addressOf, identityOf: ours });
  context.after(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  const ask = (of: JobManagerTarget) => api.trigger(of, "c".repeat(32), new AbortController().signal);
  for (let call = 0; call < 3; call++) assert.deepEqual(await ask(target), { kind: "answer", value: null });
  assert.deepEqual(connections, [`URI:streamjob://${target.jobId}/operator`]);
  const other = await ask({ ...target, incarnation: 2, jobId: "b".repeat(32) });
  assert.equal(other.kind, "unreachable", "its address leads to somebody else, whose connection is not used for it");
});

test("HJ4: without a certificate nobody is asked by https", async (context) => {
  const { said, callers } = await ask(context, identityFiles({ role: "jobmanager" }), null);
  assert.match((said as { message: string }).message, /asked by https, and there is no certificate/);
  assert.deepEqual(callers, []);
});

test("AUT4: while a root is replaced, a JobManager that knows the old one alone is asked by a certificate of that, after it took the other for nobody's", async (context) => {
  const [previous, current] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)];
  const files = identityFiles({ role: "jobmanager" });
  const answers: number[] = [];
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const isKnown = (request.socket as TLSSocket).authorized;
    answers.push(isKnown ? 404 : 401);
    response.writeHead(isKnown ? 404 : 401, isKnown ? { [JOB_ID_HEADER]: target.jobId } : {});
    response.end('{"errors":["no"]}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = createHttpJobManagerApi({
    clock: systemClock,
    addressOf: () => `https://127.0.0.1:${port}`,
    identityOf: operatorIdentities(createJobAuthority(current, previous), certificatePolicy, systemClock),
  });
  context.after(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  const said = await api.trigger(target, "c".repeat(32), new AbortController().signal);
  assert.deepEqual(said, { kind: "answer", value: null });
  assert.deepEqual(answers, [401, 404]);
});
