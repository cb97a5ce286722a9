/**
 * Owns: keys that are derived from the root: each from what it is for, so that none has to be kept.
 */
import { createHash, hkdfSync } from "node:crypto";
import { ecKeyPair, type KeyPair, keyPair } from "./certificate.ts";

type Names = readonly (string | number)[];

function seedOf(root: Buffer, names: Names): Buffer {
  const info = createHash("sha256").update(JSON.stringify(names)).digest();
  return Buffer.from(hkdfSync("sha256", root, "streamjob certificates v1", info, 32));
}

/** Ed25519. */
export const deriveKey = (root: Buffer, ...names: Names): KeyPair => keyPair(seedOf(root, names));

/** ECDSA on prime256v1. */
export function deriveEcKey(root: Buffer, ...names: Names): KeyPair {
  for (let attempt = 0; ; attempt++) {
    const pair = ecKeyPair(seedOf(root, [...names, attempt]));
    if (pair !== null) return pair;
  }
}
