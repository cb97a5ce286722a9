/**
 * Owns: for tests: a folder with an identity as a kubelet shows a Secret: files behind one link, replaced all at once.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { systemClock } from "../base/index.ts";
import { createJobAuthority } from "../operator/certificates/index.ts";
import type { CertificateTerm, IncarnationIdentity } from "../operator/engine/index.ts";
import type { Identity, IdentityFiles } from "./identity.ts";
import type { PeerRole } from "./peer-name.ts";

export const JOB_ID = "a".repeat(32);
const HOUR_MS = 3_600_000;

/** In force now. */
export function termNow(number = 1): CertificateTerm {
  const nowMs = systemClock.nowMs();
  return { number, notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + HOUR_MS };
}

type Made = {
  readonly role?: PeerRole;
  readonly jobId?: string;
  readonly namespace?: string;
  readonly term?: CertificateTerm;
  readonly root?: number;
};

/** Files of a process of the job. */
export function identityFiles(made: Made = {}): IdentityFiles {
  const { role = "taskmanager", jobId = JOB_ID, namespace = "apps", term = termNow(), root = 7 } = made;
  const authority = createJobAuthority(Buffer.alloc(32, root));
  const of: IncarnationIdentity = { namespace, job: "wc", incarnation: 1, jobId };
  if (role === "operator") return authority.operatorFiles(of, term)[0] ?? assert.fail("an operator has a certificate");
  const all = authority.issue(of, term);
  return { ca: all["ca.crt"] ?? "", cert: all[`${role}.crt`] ?? "", key: all[`${role}.key`] ?? "" };
}

/** An identity that a test renews itself. */
export function identityOf(files: IdentityFiles): Identity & { renew(files: IdentityFiles): void } {
  let current = files;
  const listeners = new Set<(files: IdentityFiles) => void>();
  return {
    get files() {
      return current;
    },
    onRenewal(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => listeners.clear(),
    renew(next) {
      current = next;
      for (const listener of listeners) listener(next);
    },
  };
}

export type IdentityFolder = {
  readonly path: string;
  /** All files at once. */
  replace(files: Partial<IdentityFiles>): void;
};

export function identityFolder(context: TestContext, files: IdentityFiles): IdentityFolder {
  const path = mkdtempSync(join(tmpdir(), "streamjob-identity-"));
  context.after(() => rmSync(path, { recursive: true }));
  let version = 0;
  const replace = (next: Partial<IdentityFiles>): void => {
    version += 1;
    mkdirSync(join(path, `..${version}`));
    const named = { "ca.crt": next.ca, "tls.crt": next.cert, "tls.key": next.key };
    for (const [name, text] of Object.entries(named)) {
      if (text !== undefined) writeFileSync(join(path, `..${version}`, name), text);
    }
    symlinkSync(`..${version}`, join(path, "..data.next"));
    renameSync(join(path, "..data.next"), join(path, "..data"));
  };
  replace(files);
  for (const name of ["ca.crt", "tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(path, name));
  return { path, replace };
}
