/**
 * Owns: the name of a process in its certificate: a URI among the subject alternative names. Pure.
 *
 *   streamjob://<job id>/<role>
 *
 * PNA1 A certificate names one process: with two such URIs, or none, it names nobody.
 */

/** `operator`: may do everything with the job. `jobmanager`, `taskmanager`: the job's own processes. */
export type PeerRole = "operator" | "jobmanager" | "taskmanager";

export type PeerName = {
  /** The runtime's: 32 hex digits, of one incarnation of one StreamJob. */
  readonly jobId: string;
  readonly role: PeerRole;
};

const URI = /^streamjob:\/\/(?<jobId>[0-9a-f]{32})\/(?<role>operator|jobmanager|taskmanager)$/;

export function formatPeerUri({ jobId, role }: PeerName): string {
  return `streamjob://${jobId}/${role}`;
}

/** `names`: as node:tls gives them, `URI:…, DNS:…`. null: nobody of ours (PNA1). */
export function parsePeerName(names: string | undefined): PeerName | null {
  const uris = (names ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  const [first] = uris;
  if (first === undefined || uris.length > 1) return null;
  const groups = URI.exec(first.slice("URI:".length))?.groups;
  if (groups === undefined) return null;
  return { jobId: groups["jobId"] as string, role: groups["role"] as PeerRole };
}
