import assert from "node:assert/strict";
import test from "node:test";
import { findRestRoute, restRoutes } from "./routes.ts";

const id = "a".repeat(32);

test("every route is found by its own path, with and without /v1, and by no other method", () => {
  for (const route of restRoutes) {
    const path = route.path.replace(/:\w+/g, id);
    assert.equal(findRestRoute(route.method, path), route);
    assert.equal(findRestRoute(route.method, `/v1${path}`), route);
    assert.equal(findRestRoute("DELETE", path), null);
  }
  assert.equal(findRestRoute("GET", `/jobs/${id}/checkpoints/config`)?.path, "/jobs/:jobId/checkpoints/config");
  assert.equal(findRestRoute("GET", "/jobs/overview")?.path, "/jobs/overview");
});

test("RTE1: a path that is not exactly a route's is none", () => {
  const others = [
    "",
    "/",
    "//jobs",
    "/jobs/",
    "/v1",
    "/v1/v1/jobs",
    "/jobs/../overview",
    "/jobs/%2e%2e",
    "/jobs/./plan",
    "/Jobs",
  ];
  for (const path of [
    ...others,
    `/jobs/${id}/`,
    `/jobs/${id}/plan/`,
    `/jobs/${"a".repeat(65)}`,
    "/jobs/a b",
    "/jobs/é",
  ]) {
    assert.equal(findRestRoute("GET", path), null, path);
  }
  assert.equal(findRestRoute("POST", "/jars/upload"), null);
});
