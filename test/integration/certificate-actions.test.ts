/** The writing of certificates, with a real API server of ours. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Log } from "../../base/index.ts";
import { NAMESPACE, createWorld, configMap, issue, applyChild, reasonOf } from "./apply-world.ts";

describe("certificates of an incarnation", () => {
  it("SEC-16: certificates are written into a Secret that goes with the ConfigMap, then named; what they are is said nowhere", async () => {
    const world = await createWorld();
    const job = await world.job();
    const lines: string[] = [];
    const note = (facts: object, message: string): void => void lines.push(JSON.stringify({ ...facts, message }));
    const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
    const without = await world.carryOut({ actions: [issue(job, 1)] });
    assert.match(reasonOf(without), /ConfigMap wc-1 has to be there first/);
    const deps = { log };
    const outcome = await world.carryOut({ actions: [applyChild(configMap(job)), issue(job, 1)] }, { deps });
    assert.equal(outcome.kind, "done", reasonOf(outcome));
    const owner = await world.api.get("ConfigMap", { namespace: NAMESPACE, name: "wc-1" });
    const secretKey = { namespace: NAMESPACE, name: "wc-1-tls" };
    const secret = await world.api.get("Secret", secretKey);
    assert.equal(Buffer.from(secret?.data?.["jobmanager.key"] ?? "", "base64").toString(), "KEY 1");
    assert.equal(secret?.metadata.ownerReferences?.[0]?.uid, owner?.metadata.uid);
    const service = await world.api.get("Service", { namespace: NAMESPACE, name: "wc-1" });
    assert.equal(service?.metadata.annotations?.["streamjob.dev/certificates"], `0a0b0c0d.1.${owner?.metadata.uid}`);
    assert.ok(lines.length > 0);
    assert.doesNotMatch(lines.join("\n"), /KEY 1|S0VZ/);
    // For the same term it is the same, so it is not written again; for the next one it is.
    await world.carryOut({ actions: [issue(job, 1)] });
    assert.equal(
      (await world.api.get("Secret", secretKey))?.metadata.resourceVersion,
      secret?.metadata.resourceVersion,
    );
    await world.carryOut({ actions: [issue(job, 1, 2)] });
    const renewed = await world.api.get("Secret", secretKey);
    assert.equal(Buffer.from(renewed?.data?.["jobmanager.key"] ?? "", "base64").toString(), "KEY 2");
  });

  it("CEA3: a Secret of somebody else that has the name is left alone, and the action is refused", async () => {
    const world = await createWorld();
    const job = await world.job();
    const theirs = { "jobmanager.key": "dGhlaXJz" };
    const metadata = { namespace: NAMESPACE, name: "wc-1-tls" };
    await world.api.create("Secret", { apiVersion: "v1", kind: "Secret", metadata, data: theirs });
    const outcome = await world.carryOut({ actions: [applyChild(configMap(job)), issue(job, 1)] });
    assert.equal(outcome.kind, "refused");
    assert.match(reasonOf(outcome), /Secret wc-1-tls already exists/);
    assert.deepEqual((await world.api.get("Secret", metadata))?.data, theirs);
    assert.equal(await world.api.get("Service", { namespace: NAMESPACE, name: "wc-1" }), null);
  });
});
