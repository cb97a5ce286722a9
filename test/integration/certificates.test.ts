import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { it } from "node:test";
import { connect } from "node:tls";
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

async function issuedSerial(rig: Rig): Promise<string> {
  const secret = await rig.api.get("Secret", { namespace: "default", name: "wc-1-tls" });
  const pem = Buffer.from(secret?.data?.["jobmanager.crt"] ?? "", "base64");
  return new X509Certificate(pem).serialNumber;
}

it("SEC-8: certificates that are renewed all the time, under load and while a process dies, restart nothing, and no record is lost", () =>
  withRig("sec8", { certificatePolicy }, async (rig) => {
    await rig.apply(rig.manifest({ taskManager: { replicas: 2, slots: 1 } }));
    await rig.ready();
    const survivors = async () => [await rig.pid("jobmanager-0"), await rig.pid("taskmanager-0")];
    const before = await survivors();
    const issued = new Set<string>();
    const shown = new Set<string>();
    await rig.until("three renewed certificates to be shown", async () => {
      issued.add(await issuedSerial(rig));
      const serial = await shownSerial(rig);
      if (serial !== null) shown.add(serial);
      return shown.size >= 3;
    });
    assert.ok([...shown].filter((serial) => issued.has(serial)).length >= 2);
    // It comes with a certificate that the others have never seen.
    await rig.kill("taskmanager-1");
    await rig.moreCheckpoints(3);
    assert.deepEqual(await survivors(), before);
    await rig.assertExact();
  }));
