/**
 * Owns: TLS connections between processes of a job: who may be at the other end, and that nobody else is.
 * Not here: what is said on them (rpc, exchange, rest).
 *
 * PCO1 Both ends show a certificate of the job's CA, in TLS 1.3 or nothing (SEC-7).
 * PCO2 A valid certificate is not enough: it has to name a process of this very job and incarnation, in a role that is expected here.
 * PCO3 Whoever is refused gets no byte, and the log says who it was and why: at most once in REFUSAL_LOG_MS for the same reason.
 * PCO4 The certificate in force is asked for at each handshake, so a renewed one needs no restart (SEC-8).
 */
import type { Server as NetServer, Socket } from "node:net";
import {
  type ConnectionOptions,
  connect,
  createServer as createTlsServer,
  type PeerCertificate,
  type Server as TlsServer,
  type TLSSocket,
} from "node:tls";
import type { Clock, Log } from "../base/index.ts";
import type { Identity, IdentityFiles } from "./identity.ts";
import { parsePeerName, type PeerRole } from "./peer-name.ts";

/** Who may be at the other end. */
export type ExpectedPeer = { readonly jobId: string; readonly role: PeerRole };

const HANDSHAKE_MS = 5000;
/** PCO3 */
const REFUSAL_LOG_MS = 60_000;
/** Different reasons that are remembered for that. */
const REASONS_MAX = 100;

/** Why the owner of this certificate is not who is expected; null: it is. Its chain was verified before. */
export function peerProblem(
  certificate: Pick<PeerCertificate, "subjectaltname">,
  expected: ExpectedPeer,
): string | null {
  const name = parsePeerName(certificate.subjectaltname);
  if (name === null) return "its certificate names no process of a job";
  if (name.jobId !== expected.jobId)
    return `its certificate is of job ${name.jobId}, and this is job ${expected.jobId}`;
  if (name.role !== expected.role)
    return `its certificate is for role ${name.role}, and ${expected.role} is expected here`;
  return null;
}

/** For node:tls and node:https: shows our certificate, takes that of the expected peer alone, by whatever address it was reached. */
export function clientOptions(files: IdentityFiles, expected: ExpectedPeer): ConnectionOptions {
  return {
    ...files,
    minVersion: "TLSv1.3",
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => {
      const problem = peerProblem(certificate, expected);
      return problem === null ? undefined : new Error(problem);
    },
  };
}

/** A socket that becomes a connection with event `secureConnect`; what is written before waits for it. */
export function connectToPeer(
  { host, port }: { readonly host: string; readonly port: number },
  { identity, expected }: Pick<PeerSecurity, "identity" | "expected">,
): TLSSocket {
  const socket = connect({ ...clientOptions(identity.files, expected), host, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

/** What one end of a connection needs to check the other. */
export type PeerSecurity = {
  readonly identity: Identity;
  readonly expected: ExpectedPeer;
  readonly clock: Clock;
  readonly log: Log;
};

/** A listener whose connections all come from the expected peer. */
export class PeerServer {
  readonly #tls: TlsServer;
  readonly #options: PeerSecurity;
  readonly #purpose: string;
  readonly #endRenewals: () => void;
  /** When each reason was logged last. */
  readonly #told = new Map<string, number>();

  /** What is refused is logged as a connection for `purpose`. */
  constructor(options: PeerSecurity, purpose: string, onConnection: (socket: TLSSocket) => void) {
    const { identity, expected } = options;
    this.#options = options;
    this.#purpose = purpose;
    this.#tls = createTlsServer(
      {
        ...identity.files,
        minVersion: "TLSv1.3",
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: HANDSHAKE_MS,
        noDelay: true,
        keepAlive: true,
      },
      (socket) => {
        const problem = peerProblem(socket.getPeerCertificate(), expected);
        if (problem === null) return onConnection(socket);
        socket.on("error", () => undefined);
        socket.destroy();
        this.#refuse(socket, problem);
      },
    );
    // Of a certificate that was not accepted Node's error says only that the connection is over.
    this.#tls.on("tlsClientError", (error, socket) =>
      this.#refuse(socket, socket.authorizationError ? String(socket.authorizationError) : error.message),
    );
    this.#endRenewals = identity.onRenewal((files) => {
      this.#tls.setSecureContext({ ...files, minVersion: "TLSv1.3" }); // PCO4
    });
  }

  get server(): NetServer {
    return this.#tls;
  }

  /** Ends what it keeps; the listener is its owner's to close. */
  release(): void {
    this.#endRenewals();
  }

  /** PCO3 */
  #refuse({ remoteAddress }: Socket, reason: string): void {
    const { clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    const key = `${remoteAddress} ${reason}`;
    if (nowMs - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < REFUSAL_LOG_MS) return;
    if (this.#told.size >= REASONS_MAX) this.#told.clear();
    this.#told.set(key, nowMs);
    log.warn({ peer: remoteAddress, reason, purpose: this.#purpose }, "a connection was refused");
  }
}
