import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ApiError, type ObjectKey } from "../../operator/kubernetes/api/index.ts";
import { PodConnections } from "./pod-connections.ts";

const host = (namespace: string): string => `wc-1-jobmanager-0.wc-1.${namespace}.svc`;

test("WPD1 a missing right is said once for a namespace, and the API server is asked there no more", async () => {
  const asked: ObjectKey[] = [];
  const said: string[] = [];
  const way = {
    open: async (pod: ObjectKey) => {
      asked.push(pod);
      if (pod.namespace === "shop") throw new ApiError("Forbidden", "you may not");
      return new PassThrough();
    },
  };
  const pods = new PodConnections(way, (text) => said.push(text));
  for (let times = 0; times < 3; times++) await assert.rejects(pods.open(host("shop"), 8081), { reason: "Forbidden" });
  assert.ok((await pods.open(host("bank"), 8081)) instanceof PassThrough);
  assert.deepEqual(asked, [
    { namespace: "shop", name: "wc-1-jobmanager-0" },
    { namespace: "bank", name: "wc-1-jobmanager-0" },
  ]);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /namespace shop .*get and create on pods\/portforward/);
});

test("what may go better the next time is not said, and asked again", async () => {
  let isThere = false;
  const way = {
    open: async () => {
      if (!isThere) throw new ApiError("NotFound", "there is no such pod");
      return new PassThrough();
    },
  };
  const pods = new PodConnections(way, assert.fail);
  await assert.rejects(pods.open(host("shop"), 8081), { reason: "NotFound" });
  isThere = true;
  assert.ok((await pods.open(host("shop"), 8081)) instanceof PassThrough);
});
