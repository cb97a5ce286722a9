/** Digests: ids that are made of what they stand for (the same input has the same id, in every process and every version), and the hashes of texts. */
import { createHash, hash } from "node:crypto";

/** The first `length` (at most 64) hex digits of the SHA-256 of the parts, each followed by a NUL. */
export function hexDigest(length: number, ...parts: readonly (string | number)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part}\0`);
  return hash.digest("hex").slice(0, length);
}

/** Of the text in UTF-8, in lower-case hex digits. */
export function textDigest(
  algorithm: "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512",
  text: string,
): string {
  return hash(algorithm, text, "hex");
}
