import assert from "node:assert/strict";
import { test } from "node:test";
import { jobId, seededRandom, silentLog, systemClock } from "../../base/index.ts";
import { createControl, JOB } from "../../runtime/rest/hand-written-control.test-support.ts";
import { startRest } from "../../runtime/rest/index.ts";
import { createRoutes } from "../../runtime/rest/routes.ts";
import type { IncarnationControl } from "../../runtime/jobmanager/index.ts";

const fixture = (): { asked: unknown[]; context: Parameters<typeof createRoutes>[0] } => {
  const { control, asked } = createControl();
  const ask = (what: string) => async (): Promise<never> => {
    asked.push(what);
    throw new Error(`${what} was asked`);
  };
  const incarnation: IncarnationControl = {
    jobId: jobId(JOB),
    incarnation: () => assert.fail("nobody asks for it here"),
    preflight: ask("preflight"),
    activate: ask("activate"),
    collect: ask("collect"),
  };
  const context = {
    control,
    incarnation,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    version: "0",
    onAccepted: () => undefined,
    onTold: () => undefined,
  };
  return { asked, context };
};

const changing = createRoutes(fixture().context).filter(({ method }) => method !== "GET");
const pathOf = (path: string): string => path.replace(":jobId", JOB);

test("SEC-10 what REST can be sent is this list: a route that is new has to be looked at, and none takes code", () => {
  assert.deepEqual(changing.map(({ method, path }) => `${method} ${path}`).toSorted(), [
    "PATCH /jobs/:jobId",
    "POST /jobs/:jobId/checkpoints",
    "POST /jobs/:jobId/savepoints",
    "POST /jobs/:jobId/stop",
    "POST /savepoint-disposal",
    "POST /streamjob/collections",
    "POST /streamjob/preflight",
    "PUT /streamjob/activation",
  ]);
});

const CODE = 'import { writeFileSync } from "node:fs"; writeFileSync("/tmp/owned", "1"); export default 1;';
const form = (): FormData => {
  const data = new FormData();
  data.set("jarfile", new Blob([CODE], { type: "application/x-java-archive" }), "job.jar");
  return data;
};
/** Fields under which an engine has taken code, or named it, somewhere. */
// biome-ignore format: a list of words
const fields = [
  "program", "module", "code", "source", "inline", "sql", "jar", "jarfile", "jarid", "entryClass", "entry-class", "programArgs", "programArgsList", "args", "env",
  "options", "configuration", "config", "image", "path", "url", "script", "plugin", "classpath", "userClassPath", "artifact", "allowNonRestoredState", "flinkConfiguration",
];

test("SEC-10 no route accepts a file, a text that is code, or a field that names code", async (t) => {
  const { asked, context } = fixture();
  const rest = await startRest({ ...context, port: 0 });
  t.after(() => rest.close());
  const bodies: readonly (() => RequestInit)[] = [
    () => ({ body: form() }),
    ...["text/javascript", "application/octet-stream", "application/java-archive", "application/wasm"].map(
      (type) => () => ({ body: CODE, headers: { "content-type": type } }),
    ),
    ...fields.map((field) => () => ({ body: JSON.stringify({ [field]: CODE }) })),
    ...fields.map((field) => () => ({ body: JSON.stringify({ from: { kind: "none", [field]: CODE } }) })),
  ];
  // A cancellation reads no body at all.
  for (const { method, path } of changing.filter((route) => route.method !== "PATCH")) {
    for (const body of bodies) {
      const init = { method, ...body() };
      const response = await fetch(`http://127.0.0.1:${rest.port}${pathOf(path)}`, init);
      assert.equal(response.status, 400, `${method} ${path} ${String(init.body)}`);
    }
  }
  for (const path of [
    "/jars",
    "/jars/upload",
    "/jars/x/run",
    "/sessions",
    "/artifacts",
    "/plugins",
    "/v1/jars/upload",
  ]) {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const response = await fetch(`http://127.0.0.1:${rest.port}${path}`, { method, body: form() });
      assert.equal(response.status, 404, `${method} ${path}`);
    }
  }
  assert.deepEqual(asked, []);
});
