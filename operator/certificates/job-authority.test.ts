import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { certificatePolicy, certificateTerm, type IncarnationIdentity, untilRenewalMs } from "../engine/index.ts";
import { createJobAuthority } from "./job-authority.ts";

const root = Buffer.alloc(32, 7);
const of: IncarnationIdentity = { namespace: "apps", job: "wc", incarnation: 3, jobId: "a".repeat(32) };
const NOW_MS = Date.UTC(2031, 4, 6, 7, 8, 9);
const term = certificateTerm(of.jobId, NOW_MS, certificatePolicy);

test("AUT1: two operators with the same root issue the same files for the same term, and others for the next", () => {
  const issued = createJobAuthority(root).issue(of, term);
  assert.deepEqual(createJobAuthority(Buffer.from(root)).issue(of, term), issued);
  const next = createJobAuthority(root).issue(of, { ...term, number: term.number + 1 });
  assert.equal(next["ca.crt"], issued["ca.crt"]);
  for (const name of ["jobmanager.crt", "jobmanager.key", "taskmanager.crt", "taskmanager.key"]) {
    assert.notEqual(next[name], issued[name], name);
  }
});

test("AUT2: every namespace, job and incarnation has an authority of its own, and every root another", () => {
  const authority = createJobAuthority(root);
  const others: readonly IncarnationIdentity[] = [
    { ...of, namespace: "other" },
    { ...of, job: "other" },
    { ...of, jobId: "b".repeat(32) },
    { ...of, namespace: "appsw", job: "c" },
  ];
  const authorities = others.map((other) => authority.issue(other, term)["ca.crt"]);
  authorities.push(authority.issue(of, term)["ca.crt"]);
  authorities.push(createJobAuthority(Buffer.alloc(32, 8)).issue(of, term)["ca.crt"]);
  assert.equal(new Set(authorities).size, authorities.length);
});

test("SEC-7: a certificate says whose it is, for how long, and for which addresses, and fits its key and its authority", () => {
  const files = createJobAuthority(root).issue(of, term);
  const [ca, jobManager, taskManager] = ["ca.crt", "jobmanager.crt", "taskmanager.crt"].map(
    (name) => new X509Certificate(files[name] ?? ""),
  );
  assert.ok(ca && jobManager && taskManager);
  assert.ok(ca.ca && !jobManager.ca && !taskManager.ca);
  assert.ok(ca.verify(ca.publicKey) && jobManager.verify(ca.publicKey) && taskManager.verify(ca.publicKey));
  assert.ok(jobManager.checkIssued(ca));
  assert.equal(taskManager.subjectAltName, `URI:streamjob://${of.jobId}/taskmanager`);
  assert.equal(
    jobManager.subjectAltName,
    `URI:streamjob://${of.jobId}/jobmanager, DNS:wc-3-jobmanager-0.wc-3.apps.svc, DNS:wc-3.apps.svc, DNS:wc-rest.apps.svc`,
  );
  assert.equal(Date.parse(jobManager.validFrom), term.notBeforeMs - (term.notBeforeMs % 1000));
  assert.equal(Date.parse(jobManager.validTo), term.notAfterMs - (term.notAfterMs % 1000));
  const operator = new X509Certificate(createJobAuthority(root).operatorFiles(of, term)[0]?.cert ?? "");
  assert.equal(operator.subjectAltName, `URI:streamjob://${of.jobId}/operator`);
  assert.ok(operator.verify(ca.publicKey));
});

test("OpenSSL, strictly, takes every certificate for both ends of a connection", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const files = createJobAuthority(root).issue(of, term);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const attime = String(Math.floor(NOW_MS / 1000));
  for (const component of ["jobmanager", "taskmanager"]) {
    for (const purpose of ["sslserver", "sslclient"]) {
      const options = ["verify", "-x509_strict", "-attime", attime, "-purpose", purpose, "-CAfile", "ca.crt"];
      const told = execFileSync("openssl", [...options, `${component}.crt`], { cwd: folder, encoding: "utf8" });
      assert.match(told, /OK/);
    }
  }
});

test("RSA1, RSA2: OpenSSL takes the endpoint's certificate by its names, and by any replica's authority of the same root alone", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const content = {
    names: ["rest.ops.svc", "rest.example.org"],
    notBeforeMs: NOW_MS - 1000,
    notAfterMs: NOW_MS + 60_000,
  };
  const files = createJobAuthority(root).restFiles(content);
  const texts = {
    "cert.crt": files.cert,
    "own.crt": files.ca,
    "replica.crt": createJobAuthority(Buffer.from(root)).restFiles(content).ca,
    "other.crt": createJobAuthority(Buffer.alloc(32, 8)).restFiles(content).ca,
    "job.crt": createJobAuthority(root).issue(of, term)["ca.crt"] ?? "",
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  const verify = (ca: string, name: string): string => {
    const when = ["-attime", String(Math.floor(NOW_MS / 1000)), "-verify_hostname", name];
    const options = ["verify", "-x509_strict", ...when, "-purpose", "sslserver", "-CAfile", ca, "cert.crt"];
    return spawnSync("openssl", options, { cwd: folder, encoding: "utf8" }).stdout;
  };
  for (const name of content.names) assert.match(verify("own.crt", name), /OK/);
  assert.match(verify("replica.crt", "rest.ops.svc"), /OK/);
  for (const [ca, name] of [
    ["own.crt", "elsewhere"],
    ["other.crt", "rest.ops.svc"],
    ["job.crt", "rest.ops.svc"],
  ] as const) {
    assert.doesNotMatch(verify(ca, name), /OK/, `${ca} ${name}`);
  }
  assert.ok(new X509Certificate(files.cert).checkPrivateKey(createPrivateKey(files.key)));
});

test("CET1, CET2: a term is in force for its whole renewal period and half a life longer; jobs take turns", () => {
  const { renewEveryMs, lifetimeMs } = certificatePolicy;
  assert.ok(term.notBeforeMs < NOW_MS && NOW_MS < term.notAfterMs);
  const leftMs = untilRenewalMs(of.jobId, NOW_MS, certificatePolicy);
  assert.ok(leftMs > 0 && leftMs <= renewEveryMs);
  assert.deepEqual(certificateTerm(of.jobId, NOW_MS + leftMs - 1, certificatePolicy), term);
  const next = certificateTerm(of.jobId, NOW_MS + leftMs, certificatePolicy);
  assert.equal(next.number, term.number + 1);
  assert.equal(term.notAfterMs - (NOW_MS + leftMs), lifetimeMs - renewEveryMs);
  const turns = new Set(["b", "c", "d"].map((digit) => untilRenewalMs(digit.repeat(32), NOW_MS, certificatePolicy)));
  assert.equal(turns.size, 3);
});
