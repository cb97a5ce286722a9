import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { it } from "node:test";
import { connect } from "node:tls";
import { systemClock, systemRandom } from "../../base/index.ts";
import { CERTIFICATES_ANNOTATION } from "../../crds/index.ts";
import { createJobAuthority, type JobAuthority } from "../../operator/certificates/index.ts";
import { certificateTerm } from "../../operator/engine/index.ts";
import type { Secret } from "../../operator/kubernetes/api/index.ts";
import { type Rig, withRig } from "../promises/rig.ts";

/** Nothing expires while the test runs: what is shown is that renewals are taken. */
const certificatePolicy = { lifetimeMs: 86_400_000, renewEveryMs: 400 };
const RPC_PORT = 6123;

/** Serial number of the certificate that the JobManager shows for RPC now; null: it does not answer. */
async function shownSerial(rig: Rig): Promise<string | null> {
  const address = await rig.cluster.addressOf("wc-1-jobmanager-0.wc-1.default.svc", RPC_PORT);
  return new Promise((resolve) => {
    const port = Number(address?.split(":")[1]);
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber ?? null);
      socket.destroy();
    });
    socket.on("error", () => resolve(null));
  });
}

/** Serial numbers of all certificates that the JobManager has been given, kept up to date until the signal. */
async function issuedSerials(rig: Rig, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const issued = new Set<string>();
  const see = ({ metadata, data }: Secret): void => {
    if (metadata.name !== "wc-1-tls") return;
    const pem = Buffer.from(data?.["jobmanager.crt"] ?? "", "base64");
    issued.add(new X509Certificate(pem).serialNumber);
  };
  const namespace = "default";
  const { items, resourceVersion } = await rig.api.list("Secret", { namespace });
  items.forEach(see);
  void rig.api.watch("Secret", { namespace, resourceVersion, signal }, (event) => {
    if (event.type !== "BOOKMARK") see(event.object);
  });
  return issued;
}

it("SEC-8: certificates that are renewed all the time, under load and while a process dies, restart nothing, and no record is lost", () =>
  withRig("sec8", { certificatePolicy }, async (rig) => {
    const over = new AbortController();
    const issued = await issuedSerials(rig, over.signal);
    await rig.apply(rig.manifest({ taskManager: { replicas: 2, slots: 1 } }));
    await rig.ready();
    const survivors = async () => [await rig.pid("jobmanager-0"), await rig.pid("taskmanager-0")];
    const before = await survivors();
    const shown = new Set<string>();
    await rig.until("three renewed certificates to be shown", async () => {
      const serial = await shownSerial(rig);
      if (serial !== null) shown.add(serial);
      return shown.size >= 3;
    });
    await rig.until("all of them to be known as issued", () => [...shown].every((serial) => issued.has(serial)));
    over.abort();
    // It comes with a certificate that the others have never seen.
    await rig.kill("taskmanager-1");
    await rig.moreCheckpoints(3);
    assert.deepEqual(await survivors(), before);
    await rig.assertExact();
  }));

const ROOT_KEY = { namespace: "default", name: "streamjob-operator-root" };
/** Which roots the certificates of the incarnation stand on, by its annotation. */
async function rootsOf(rig: Rig): Promise<string> {
  const service = await rig.api.get("Service", { namespace: "default", name: "wc-1" });
  return (service?.metadata.annotations?.[CERTIFICATES_ANNOTATION] ?? "").replace(/[@.].*/, "");
}

/** What an operator with this authority alone gets from the JobManager's REST: its status; null: neither trusts the other, or it is not there. */
async function statusFor(rig: Rig, authority: JobAuthority): Promise<number | null> {
  const jobId = (await rig.incarnation(1))?.jobId ?? "";
  const term = certificateTerm(jobId, systemClock.nowMs(), { lifetimeMs: 86_400_000, renewEveryMs: 43_200_000 });
  const [files] = authority.operatorFiles({ namespace: "default", job: "wc", incarnation: 1, jobId }, term);
  const address = await rig.cluster.addressOf("wc-1-jobmanager-0.wc-1.default.svc", 8081);
  const port = Number(address?.split(":")[1]);
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path: "/v1/overview", ...files, checkServerIdentity: () => undefined };
    const outgoing = request({ ...options, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    outgoing.on("error", () => resolve(null));
    outgoing.end();
  });
}

it("AUT4, CED3: the root is replaced under load, with new connections in each stage: nothing restarts, no record is lost, and the old root is refused", () =>
  withRig(
    "root-rotation",
    { certificatePolicy: { ...certificatePolicy, renewEveryMs: 43_200_000, settleMs: 5000 } },
    async (rig) => {
      await rig.apply(rig.manifest({ taskManager: { replicas: 2, slots: 1 } }));
      await rig.ready();
      const pods = async () => [await rig.pid("jobmanager-0"), await rig.pid("taskmanager-0")];
      const before = await pods();
      const oldRoots = await rootsOf(rig);
      const previous = (await rig.api.get("Secret", ROOT_KEY))?.data?.["root"] ?? "";
      const root = Buffer.from(systemRandom.hex(32), "hex");
      await rig.api.patch("Secret", ROOT_KEY, { data: { root: root.toString("base64"), previous } });
      await rig.cluster.controller?.stop();
      await rig.startOperator();
      for (const stage of [/^[0-9a-f]{8}\+/, /^(?!.*\+)/]) {
        await rig.until(`stage ${stage}`, async () => {
          const roots = await rootsOf(rig);
          return roots !== oldRoots && stage.test(roots);
        });
        // It comes with certificates of this stage.
        await rig.kill("taskmanager-1");
        await rig.moreCheckpoints(2);
      }
      assert.deepEqual(await pods(), before);
      const current = createJobAuthority(root);
      await rig.until("the new root alone to be taken", async () => (await statusFor(rig, current)) === 200);
      assert.equal(await statusFor(rig, createJobAuthority(Buffer.from(previous, "base64"))), null);
      await rig.assertExact();
    },
  ));
