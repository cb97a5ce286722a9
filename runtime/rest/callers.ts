/**
 * Owns: who is at the other end of a connection to REST, found before the first request is read.
 * Not here: what each may do (access.ts). Called by: server.ts.
 *
 * CLL1 Loopback is 127.0.0.1 and ::1 and nothing else; it may speak HTTP or TLS. From everywhere else only TLS is spoken: whoever speaks
 *     anything else hears nothing, and without an identity everybody does.
 * CLL2 A connection whose caller is not known yet, or that never was one, is not served (SEC-9).
 * CLL3 A caller without a certificate that counts gets an answer, which says what is missing: its connection is encrypted, and it is nobody.
 * CLL4 A connection that does not say in HELLO_MS what it speaks is ended.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { parsePeerName, type PeerRole, type PeerSecurity } from "../../security/index.ts";

export type Caller =
  /** On this machine, or in this pod; or led here by whoever may forward the pod's ports. */
  | { readonly kind: "loopback" }
  /** By a certificate of this job's authority. */
  | { readonly kind: "peer"; readonly role: PeerRole }
  | { readonly kind: "nobody"; readonly reason: string };

export interface Callers {
  of(socket: Socket): Caller;
  /** Ends connections that have not come as far as a request. */
  close(): void;
}

const HELLO_MS = 10_000;
/** The first byte of TLS: a record with a handshake. */
const TLS_HANDSHAKE = 0x16;
const unknown: Caller = { kind: "nobody", reason: "it is not known who calls" };

/** Stands between the server's socket and its requests. */
export function admitCallers(server: Server, security: PeerSecurity | null): Callers {
  const callers = new WeakMap<Socket, Caller>();
  const waiting = new Set<Socket>();
  const ends: (() => void)[] = [];
  // What node:http does with a connection; there is one listener, of its own.
  const [serveHttp] = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  const serve = (socket: Socket, caller: Caller): void => {
    callers.set(socket, caller);
    serveHttp?.call(server, socket);
  };
  const speakTls = security === null ? null : tlsFace(security, serve, ends);
  server.on("connection", (socket: Socket) => {
    const isNear = isLoopback(socket.remoteAddress);
    if (speakTls === null) {
      if (isNear) serve(socket, { kind: "loopback" });
      else socket.destroy();
      return;
    }
    waiting.add(socket);
    socket.once("close", () => waiting.delete(socket));
    afterFirstByte(socket, (byte) => {
      waiting.delete(socket);
      if (byte === TLS_HANDSHAKE) speakTls(socket);
      else if (isNear) serve(socket, { kind: "loopback" });
      else socket.destroy(); // CLL1
    });
  });
  return {
    of: (socket) => callers.get(socket) ?? unknown,
    close() {
      for (const socket of waiting) socket.destroy();
      for (const end of ends) end();
    },
  };
}

type Serve = (socket: Socket, caller: Caller) => void;

function tlsFace(security: PeerSecurity, serve: Serve, ends: (() => void)[]): (socket: Socket) => void {
  const { identity, expected } = security;
  const secure = { requestCert: true, rejectUnauthorized: false, handshakeTimeout: HELLO_MS } as const; // CLL3
  const tls = createTlsServer({ ...identity.files, ...secure, minVersion: "TLSv1.3" }, (socket) =>
    serve(socket, callerOf(socket, expected.jobId)),
  );
  tls.on("tlsClientError", (_error, socket) => socket.destroy());
  ends.push(identity.onRenewal((files) => tls.setSecureContext({ ...files, minVersion: "TLSv1.3" })));
  return (socket) => {
    tls.emit("connection", socket);
  };
}

function callerOf(socket: TLSSocket, jobId: string): Caller {
  if (socket.authorized) {
    const name = parsePeerName(socket.getPeerCertificate().subjectaltname);
    if (name !== null && name.jobId === jobId) return { kind: "peer", role: name.role };
    return { kind: "nobody", reason: "the certificate is not of this job" };
  }
  const hasOne = Object.keys(socket.getPeerCertificate()).length > 0;
  if (hasOne)
    return { kind: "nobody", reason: `the certificate does not count (${String(socket.authorizationError)})` };
  if (isLoopback(socket.remoteAddress)) return { kind: "loopback" };
  return { kind: "nobody", reason: "there is no certificate" };
}

/** The byte stays in the stream. */
function afterFirstByte(socket: Socket, then: (byte: number) => void): void {
  const onError = (): void => undefined;
  const onTimeout = (): void => {
    socket.destroy();
  };
  socket.on("error", onError);
  socket.setTimeout(HELLO_MS, onTimeout);
  socket.once("data", (piece: Buffer) => {
    socket.off("error", onError);
    socket.setTimeout(0).off("timeout", onTimeout);
    socket.pause();
    socket.unshift(piece);
    then(piece[0] ?? 0);
    process.nextTick(() => socket.resume());
  });
}

function isLoopback(address: string | undefined): boolean {
  return address === "127.0.0.1" || address === "::1" || address === "::ffff:127.0.0.1";
}
