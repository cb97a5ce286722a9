/**
 * Owns: X.509 certificates with Ed25519 keys (RFC 5280, RFC 8410): written, never read.
 *
 * CRT1 Ed25519 signs without randomness: the same content by the same authority is the same certificate, byte by byte.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import {
  bits,
  boolean,
  type Der,
  explicit,
  implicit,
  integer,
  objectId,
  octets,
  sequence,
  set,
  text,
  time,
} from "./der.ts";

export type KeyPair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export type CertificateContent = {
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  /** null: without an end. */
  readonly notAfterMs: number | null;
  readonly publicKey: KeyObject;
  /** Of the authority that signs. */
  readonly issuerKey: KeyPair;
  /** null: it is an authority itself. */
  readonly names: { readonly uri: string; readonly dns: readonly string[] } | null;
};

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const algorithm = sequence(objectId("1.3.101.112"));
/** RFC 5280, 4.1.2.5: has no well-defined end. */
const NO_END = Buffer.from("180f39393939313233313233353935395a", "hex");

/** `seed`: 32 bytes. */
export function keyPair(seed: Buffer): KeyPair {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export const privatePem = ({ privateKey }: KeyPair): string =>
  privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** PEM text. */
export function certificatePem(content: CertificateContent): string {
  const tbs = sequence(
    explicit(0, integer(Buffer.from([2]))), // version 3
    integer(serial(content)),
    algorithm,
    name(content.issuer),
    sequence(time(content.notBeforeMs), content.notAfterMs === null ? NO_END : time(content.notAfterMs)),
    name(content.subject),
    spki(content.publicKey),
    explicit(3, sequence(...extensions(content))),
  );
  const der = sequence(tbs, algorithm, bits(sign(null, tbs, content.issuerKey.privateKey)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensions({ names, publicKey, issuerKey }: CertificateContent): Der[] {
  const keyIds = [
    extension("2.5.29.14", false, octets(keyId(publicKey))),
    extension("2.5.29.35", false, sequence(implicit(0, keyId(issuerKey.publicKey)))),
  ];
  if (names === null) {
    const mayCertify = sequence(boolean(true), integer(Buffer.from([0])));
    return [extension("2.5.29.19", true, mayCertify), extension("2.5.29.15", true, keyUsage(0x04, 2)), ...keyIds];
  }
  const alternatives = [
    implicit(6, Buffer.from(names.uri, "latin1")),
    ...names.dns.map((dns) => implicit(2, Buffer.from(dns, "latin1"))),
  ];
  const purposes = sequence(objectId("1.3.6.1.5.5.7.3.1"), objectId("1.3.6.1.5.5.7.3.2")); // server, client
  return [
    extension("2.5.29.19", true, sequence()),
    extension("2.5.29.15", true, keyUsage(0x80, 7)), // digitalSignature
    extension("2.5.29.37", false, purposes),
    extension("2.5.29.17", false, sequence(...alternatives)),
    ...keyIds,
  ];
}

const extension = (id: string, isCritical: boolean, value: Der): Der =>
  sequence(objectId(id), ...(isCritical ? [boolean(true)] : []), octets(value));

const keyUsage = (byte: number, unused: number): Der => bits(Buffer.from([byte]), unused);

const name = (commonName: string): Der => sequence(set(sequence(objectId("2.5.4.3"), text(commonName))));

const spki = (key: KeyObject): Der => key.export({ format: "der", type: "spki" });

const keyId = (key: KeyObject): Buffer => createHash("sha256").update(spki(key)).digest().subarray(0, 20);

/** CRT1: of what is certified. Positive, at most 20 bytes. */
function serial({ subject, notBeforeMs, notAfterMs, publicKey, names }: CertificateContent): Buffer {
  const hash = createHash("sha256").update(spki(publicKey));
  hash.update(JSON.stringify([subject, notBeforeMs, notAfterMs, names]));
  const bytes = hash.digest().subarray(0, 16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}
