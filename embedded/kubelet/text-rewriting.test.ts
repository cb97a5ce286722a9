import assert from "node:assert/strict";
import { test } from "node:test";
import { type AddressReference, rewriteAddresses, rewritePaths } from "./text-rewriting.ts";

async function rewritten(text: string): Promise<{ text: string; asked: AddressReference[] }> {
  const asked: AddressReference[] = [];
  const result = await rewriteAddresses(text, async (reference) => {
    asked.push(reference);
    return 20_000 + asked.length;
  });
  return { text: result, asked };
}

test("an address to listen on becomes this pod's host port", async () => {
  assert.deepEqual(await rewritten("0.0.0.0:6123"), {
    text: "127.0.0.1:20001",
    asked: [{ kind: "own", port: 6123 }],
  });
});

test("names of pods and Services become host ports wherever they stand in a value", async () => {
  const value = `{"jm":"wc-3-jobmanager-0.wc-3.prod.svc:6123","rest":"http://wc-rest.prod.svc.cluster.local:8081/jobs"}`;
  assert.deepEqual(await rewritten(value), {
    text: `{"jm":"127.0.0.1:20001","rest":"http://127.0.0.1:20002/jobs"}`,
    asked: [
      { kind: "pod", namespace: "prod", name: "wc-3-jobmanager-0", port: 6123 },
      { kind: "service", namespace: "prod", name: "wc-rest", port: 8081 },
    ],
  });
});

test("what only looks like an address of the cluster is not touched", async () => {
  for (const text of [
    "minio.example:9000",
    "127.0.0.1:80",
    "10.0.0.0:80",
    "0.0.0.0:0",
    "a.b.c.d.svc:80",
    "x.svc",
    "wc.prod.svc:123456",
    "",
  ]) {
    assert.deepEqual(await rewritten(text), { text, asked: [] }, text);
  }
});

const mounts = [
  { mountPath: "/opt/job", path: "/tmp/a b/job" },
  { mountPath: "/opt/job/data", path: '/tmp/"x"' },
];

for (const [what, text, expected] of [
  ["a whole value", "/opt/job", "/tmp/a b/job"],
  ["a path below", "/opt/job/main.ts", "/tmp/a b/job/main.ts"],
  ["the longest mount", "/opt/job/data/x", '/tmp/"x"/x'],
  ["a file URL", "file:///opt/job/x", "file:///tmp/a b/job/x"],
  ["an option", "--module=/opt/job/x", "--module=/tmp/a b/job/x"],
  ["a JSON string", '{"m":"/opt/job/data/x"}', '{"m":"/tmp/\\"x\\"/x"}'],
  ["not a longer name", "/opt/jobs/x", "/opt/jobs/x"],
  ["not the middle of a path", "/srv/opt/job", "/srv/opt/job"],
] as const) {
  test(`a mount path is replaced by its folder: ${what}`, () => assert.equal(rewritePaths(text, mounts), expected));
}
