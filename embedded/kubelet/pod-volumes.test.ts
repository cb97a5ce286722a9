import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Container, Pod, Secret, Volume } from "../../operator/kubernetes/api/index.ts";
import { prepareVolumes, type VolumesResult } from "./pod-volumes.ts";

const folder = mkdtempSync(join(tmpdir(), "pod-volumes-"));
test.after(() => rmSync(folder, { recursive: true }));

async function prepare(
  name: string,
  volume: Omit<Volume, "name">,
  data: Record<string, string> | null = null,
  mount: object = {},
  secret: Secret | null = null,
): Promise<VolumesResult> {
  const container: Container = {
    name: "main",
    image: "i",
    volumeMounts: [{ name: "v", mountPath: "/opt/v/", ...mount }],
  };
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "prod", name },
    spec: { containers: [container], volumes: [{ name: "v", ...volume }] },
  };
  const configMap =
    data === null ? null : { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "prod", name: "cm" }, data };
  return prepareVolumes(pod, container, {
    podFolder: join(folder, name),
    claimsFolder: join(folder, "claims"),
    readConfigMap: async () => configMap as never,
    readSecret: async () => secret,
  });
}

function pathOf(result: VolumesResult): string {
  assert.ok(result.kind === "ready", JSON.stringify(result));
  assert.equal(result.mounts[0]?.mountPath, "/opt/v");
  return result.mounts[0]?.path ?? "";
}

const configMap = { configMap: { name: "cm" } };

test("a ConfigMap's files are changed all at once, and not written when they are the same (PV1)", async () => {
  const path = pathOf(await prepare("a", configMap, { "one.txt": "1", "two.txt": "2" }));
  assert.equal(readFileSync(join(path, "one.txt"), "utf8"), "1");
  const version = realpathSync(join(path, "..data"));
  const { mtimeMs } = statSync(version);
  await prepare("a", configMap, { "two.txt": "2", "one.txt": "1" });
  assert.equal(realpathSync(join(path, "..data")), version);
  assert.equal(statSync(version).mtimeMs, mtimeMs);

  await prepare("a", configMap, { "one.txt": "new", "three.txt": "3" });
  assert.equal(realpathSync(join(path, "one.txt")), join(realpathSync(join(path, "..data")), "one.txt"));
  assert.equal(readFileSync(join(path, "one.txt"), "utf8"), "new");
  const shown = readdirSync(path).filter((name) => !name.startsWith(".."));
  assert.deepEqual(shown.toSorted(), ["one.txt", "three.txt"]);
  assert.equal(readdirSync(path).length, 4, "the old version is gone");
});

test("items choose keys and paths, and a subPath leads to one of them", async () => {
  const items = { configMap: { name: "cm", items: [{ key: "k", path: "deep/file.txt" }] } };
  const result = await prepare("b", items, { k: "text", other: "x" }, { subPath: "deep/file.txt" });
  assert.equal(readFileSync(pathOf(result), "utf8"), "text");
});

test("an emptyDir keeps what was written, a claim outlives its pod (PV2, PV3)", async () => {
  const path = pathOf(await prepare("c", { emptyDir: {} }));
  writeFileSync(join(path, "x"), "kept");
  assert.equal(readFileSync(join(pathOf(await prepare("c", { emptyDir: {} })), "x"), "utf8"), "kept");
  const claim = { persistentVolumeClaim: { claimName: "state" } };
  assert.equal(pathOf(await prepare("d", claim)), pathOf(await prepare("e", claim)));
});

for (const [what, volume, data, mount, reason] of [
  ["a missing ConfigMap", configMap, null, {}, /configmap "cm" not found/],
  ["a missing key", { configMap: { name: "cm", items: [{ key: "k", path: "p" }] } }, {}, {}, /has no key "k"/],
  [
    "a path out of the volume",
    { configMap: { name: "cm", items: [{ key: "k", path: "../p" }] } },
    { k: "" },
    {},
    /leads out/,
  ],
  ["an absolute path", { configMap: { name: "cm", items: [{ key: "k", path: "/p" }] } }, { k: "" }, {}, /leads out/],
  ["a subPath out of the volume", { emptyDir: {} }, null, { subPath: "a/../../b" }, /leads out/],
  ["a volume of another kind", {}, null, {}, /the embedded cluster does not have/],
  ["a mount of nothing", { emptyDir: {} }, null, { name: "w" }, /no volume of the pod/],
] as const) {
  test(`refused with its reason: ${what} (PV4)`, async () => {
    const result = await prepare("refused", volume, data, mount);
    assert.ok(result.kind === "refused");
    assert.match(result.message, reason);
  });
}

test("a Secret's chosen files are shown as bytes, for their owner alone, and follow the Secret (PV1, PV5)", async () => {
  const volume = { secret: { secretName: "tls", items: [{ key: "a.key", path: "tls.key" }] } };
  const secretOf = (bytes: Buffer): Secret => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "prod", name: "tls" },
    data: { "a.key": bytes.toString("base64"), "b.key": "AA==" },
  });
  const bytes = Buffer.from([0, 0xff, 0x80]);
  const path = pathOf(await prepare("secret", volume, null, {}, secretOf(bytes)));
  assert.deepEqual(readFileSync(join(path, "tls.key")), bytes);
  assert.equal(statSync(join(path, "tls.key")).mode & 0o777, 0o600);
  assert.deepEqual(
    readdirSync(path).filter((name) => !name.startsWith("..")),
    ["tls.key"],
  );
  await prepare("secret", volume, null, {}, secretOf(Buffer.from("new")));
  assert.equal(readFileSync(join(path, "tls.key"), "utf8"), "new");
  const missing = await prepare("no-secret", volume);
  assert.deepEqual(missing, { kind: "refused", message: 'secret "tls" not found' });
});

test("an emptyDir at /tmp is the machine's own, so that a store below it stays where it is (PV6)", async () => {
  const result = await prepare("tmp", { emptyDir: {} }, null, { mountPath: "/tmp" });
  assert.deepEqual(result, { kind: "ready", mounts: [] });
  const claim = await prepare("tmp", { persistentVolumeClaim: { claimName: "c" } }, null, { mountPath: "/tmp" });
  assert.equal(claim.kind === "ready" && claim.mounts[0]?.mountPath, "/tmp");
});
