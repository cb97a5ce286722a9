import assert from "node:assert/strict";
import test from "node:test";
import { restRoutes } from "../../contract/index.ts";
import { parseTarget } from "./target.ts";

const id = "0123456789abcdef".repeat(2);
const at = (path: string): string => `/namespaces/apps/streamjobs/wc${path}`;

test("TGT2: every route of the contract is found, and asks for the right to read or to change", () => {
  for (const route of restRoutes) {
    const path = `${route.path.replace(/:\w+/g, id)}?mode=cancel&get=a.b,c`;
    const target = parseTarget(route.method, at(path));
    const verb = route.method === "GET" ? "get" : "create";
    assert.deepEqual(target, { namespace: "apps", job: "wc", path, route, verb });
    assert.ok(route.access !== "write" || target?.verb === "create");
    assert.ok(route.access !== "read" || target?.verb === "get");
  }
});

const hostile: readonly string[] = [
  "",
  "*",
  "/",
  "http://elsewhere/namespaces/apps/streamjobs/wc/jobs",
  "//namespaces/apps/streamjobs/wc/jobs",
  "/namespaces/apps/streamjobs/wc",
  "/namespaces/apps/streamjobs/wc/",
  "/namespaces/../streamjobs/wc/jobs",
  "/namespaces/apps/streamjobs/../jobs",
  "/namespaces/apps/streamjobs/wc.evil.example/jobs",
  "/namespaces/apps/streamjobs/wc@evil/jobs",
  "/namespaces/apps/streamjobs/wc:80/jobs",
  "/namespaces/Apps/streamjobs/wc/jobs",
  `/namespaces/${"a".repeat(64)}/streamjobs/wc/jobs`,
  "/namespaces/apps/streamjobs/wc%2f..%2fother/jobs",
  "/namespaces/apps/pods/wc/jobs",
  at("/../other/jobs"),
  at("/jobs/.."),
  at("/jobs/%2e%2e/overview"),
  at("/jobs%2foverview"),
  at("/jobs;a=b"),
  at("/jobs\\overview"),
  at("/jobs#a"),
  at("/jobs?a#b"),
  at('/jobs?"'),
  at("/jobs?a b"),
  at("/jobs\u0000"),
  at("/jobs\r\nX: y"),
  at("/jobs?\r\nX: y"),
  at("/jöbs"),
  at(`/jobs?${"a".repeat(2001)}`),
  at(`/${"a".repeat(501)}`),
];

test("TGT1: what is not exactly of this form names no StreamJob, however it would be decoded", () => {
  for (const url of hostile) assert.equal(parseTarget("GET", url), null, JSON.stringify(url));
});

test("TGT2: of other paths there is no route", () => {
  for (const path of ["//jobs", "/jobs/", "/jars/upload", "/v1/v1/jobs", "/v2/jobs", "/livez", `/jobs/${id}/stop/x`]) {
    assert.equal(parseTarget("POST", at(path))?.route, null, path);
  }
  assert.equal(parseTarget("DELETE", at(`/jobs/${id}`))?.route, null);
  assert.equal(parseTarget("get", at("/jobs"))?.verb, "create", "what is not known to read is taken for a change");
});
