/**
 * Room `security`: who a process of a job is, by its certificate, and TLS connections between processes that check each other.
 * Not here: who issues certificates (operator/certificates).
 */
export { type Identity, type IdentityFiles, openIdentity } from "./identity.ts";
export { formatPeerUri, parsePeerName, type PeerRole } from "./peer-name.ts";
export {
  clientOptions,
  connectToPeer,
  type ExpectedPeer,
  type PeerSecurity,
  PeerServer,
} from "./peer-connections.ts";
