/**
 * Owns: X.509 certificates (RFC 5280) with keys of Ed25519 (RFC 8410) or of ECDSA on prime256v1 (RFC 5758): written, never read.
 *
 * CRT1 Ed25519 signs without randomness: the same content by the same authority is the same certificate, byte by byte. ECDSA does not: it is
 *     for what people's tools connect to, which do not all take Ed25519.
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
  readonly names: { readonly uri: string | null; readonly dns: readonly string[] } | null;
};

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
/** RFC 5915 around 32 bytes; the public key is left out, and computed. */
const SEC1_P256 = [Buffer.from("30310201010420", "hex"), Buffer.from("a00a06082a8648ce3d030107", "hex")] as const;
/** RFC 5280, 4.1.1.2. Ed25519 hashes by itself. */
const algorithms = {
  ed25519: { id: sequence(objectId("1.3.101.112")), hash: null },
  ec: { id: sequence(objectId("1.2.840.10045.4.3.2")), hash: "sha256" },
} as const;
const P256_ORDER = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
/** RFC 5280, 4.1.2.5: has no well-defined end. */
const NO_END = Buffer.from("180f39393939313233313233353935395a", "hex");

/** `seed`: 32 bytes. */
export function keyPair(seed: Buffer): KeyPair {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** For ECDSA. `seed`: 32 bytes; null: no key is made of it, which happens to one of 2^32. */
export function ecKeyPair(seed: Buffer): KeyPair | null {
  if (Buffer.compare(seed, P256_ORDER) >= 0 || seed.every((byte) => byte === 0)) return null;
  const der = Buffer.concat([SEC1_P256[0], seed, SEC1_P256[1]]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "sec1" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export const privatePem = ({ privateKey }: KeyPair): string =>
  privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** PEM text. */
export function certificatePem(content: CertificateContent): string {
  const { privateKey } = content.issuerKey;
  const algorithm = algorithms[privateKey.asymmetricKeyType === "ec" ? "ec" : "ed25519"];
  const tbs = sequence(
    explicit(0, integer(Buffer.from([2]))), // version 3
    integer(serial(content)),
    algorithm.id,
    name(content.issuer),
    sequence(time(content.notBeforeMs), content.notAfterMs === null ? NO_END : time(content.notAfterMs)),
    name(content.subject),
    spki(content.publicKey),
    explicit(3, sequence(...extensions(content))),
  );
  const der = sequence(tbs, algorithm.id, bits(sign(algorithm.hash, tbs, privateKey)));
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
    ...(names.uri === null ? [] : [implicit(6, Buffer.from(names.uri, "latin1"))]),
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
