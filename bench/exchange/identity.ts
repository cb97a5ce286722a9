/**
 * Owns: certificates for the ends of a measured channel, in the form that a pod has them: a folder.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../base/index.ts";
import { createJobAuthority } from "../../operator/certificates/index.ts";
import { certificatePolicy, certificateTerm } from "../../operator/engine/index.ts";

export const JOB_ID = "b".repeat(32);

/** Remove it afterwards. */
export function makeIdentity(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-bench-identity-"));
  const of = { namespace: "bench", job: "bench", incarnation: 1, jobId: JOB_ID };
  const term = certificateTerm(JOB_ID, systemClock.nowMs(), certificatePolicy);
  const files = createJobAuthority(Buffer.alloc(32, 1)).issue(of, term);
  const named = { "ca.crt": "ca.crt", "taskmanager.crt": "tls.crt", "taskmanager.key": "tls.key" };
  for (const [from, to] of Object.entries(named)) writeFileSync(join(folder, to), files[from] ?? "", { mode: 0o600 });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
