/**
 * Owns: texts that claim to name a place for a savepoint and mean to lead elsewhere: out of a folder, to another host, past a check.
 * Called by: locations.test.ts.
 *
 * HLO1 Everything here is refused by its form alone, whatever a job may write to.
 */

const bases = ["/allowed", "file:///allowed", "s3://bucket/allowed", "s3a://bucket/allowed", "S3P://bucket/allowed"];

/** Ways to write a segment that climbs. */
// biome-ignore format: a list of texts
const climbs = [
  "..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%252e%252e", "%25%32%65%252e", "..%2f", "..%5c", "..\\", "%c0%ae%c0%ae", "%e0%80%ae",
  "%u002e%u002e", "\u2024\u2024", "\uff0e\uff0e", "\u2025", "\u2026", "..\u200b", "\u202e..", "..\u0000", "\u00ad..", ".\ufeff.", "..\u2060", "%00..",
];

/** Slashes, backslashes and colons that are none, or hide. */
// biome-ignore format: a list of texts
const disguises = [
  "\u2044", "\u2215", "\uff0f", "\u29f8", "\u2571", "\uff3c", "\u2216", "\u29f5", "\u29f9", "\ufe68", "\uff1a", "\ufe55", "\ua789", "\u2236", "\uff20", "\ufe6b",
  "\uff05", "\ufe6a", "\uff1f", "\uff03", "%2f", "%2F", "%5c", "%5C", "\\", "%252f", "%255c", "%0a", "%0D", "%7f", "%1b", "%c0%af",
];

// biome-ignore format: a list of texts
const invisible = [
  "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\u2061", "\u2066", "\u2067", "\u2068", "\u2069", "\ufeff",
  "\u00ad", "\u061c", "\u180e", "\u2028", "\u2029", "\u00a0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000", "\ud800", "\udfff", "\ue000", "\u{e0001}", "\u{e0061}",
];

// biome-ignore format: a list of texts
const elsewhere = [
  "s3://user@bucket/x", "s3://user:password@bucket/x", "s3://bucket@evil.example/x", "s3://bucket:9000/x", "s3://bucket:443@evil/x", "s3://evil.example:80/x",
  "s3://169.254.169.254/latest/meta-data", "s3://0xA9FEA9FE/x", "s3://2852039166/x", "s3://169.254.43518/x", "s3://[::1]/x", "s3://[fe80::1]/x", "s3://[::ffff:169.254.169.254]/x",
  "s3://127.0.0.1/x", "s3://0/x", "s3:///x", "s3://", "s3:bucket/x", "s3:/bucket/x", "s3://bucket?endpoint=http://169.254.169.254/", "s3://bucket/x?endpoint=http://evil",
  "s3://bucket/x#y", "s3://bucket/x?versionId=1", "s3://bucket%2eevil/x", "s3://%62ucket/x", "s3://bu cket/x", "s3://bücket/x", "s3://\uff42ucket/x",
  "http://169.254.169.254/latest/meta-data", "https://evil.example/x", "HTTP://evil/x", "ftp://evil/x", "gopher://evil:70/_x", "data:text/plain,x", "javascript:alert(1)",
  "jar:file:///a.jar!/b", "smb://evil/x", "dict://evil:11111/x", "ldap://evil/x", "hdfs://namenode:8020/x", "gs://bucket/x", "abfs://c@a.dfs.core.windows.net/x",
  "file://evil.example/share", "file://localhost/x", "file://user@/x", "file://127.0.0.1/x", "file:/x", "file:x", "file:////..//x", "file:///x?y", "file:///x#y", "file:///%",
  "file:///%zz", "file:///%e9", "C:\\Windows", "C:/Windows", "\\\\evil\\share", "memory://x/../y", "memory://user@x", "memory:x", "node:fs", "blob:x", "view-source:file:///x",
];

function controls(): string[] {
  const codes = [
    ...Array.from({ length: 32 }, (_none, code) => code),
    ...Array.from({ length: 33 }, (_none, n) => 127 + n),
  ];
  return codes.flatMap((code) =>
    ["/allowed/a?b", "s3://bucket/a?b"].map((base) => base.replace("?", String.fromCharCode(code))),
  );
}

export const hostileLocations: readonly string[] = [
  ...new Set([
    ...bases.flatMap((base) =>
      climbs.flatMap((climb) => [`${base}/${climb}/etc`, `${base}/x/${climb}`, `${base}/${climb}/${climb}/x`]),
    ),
    ...bases.flatMap((base) => disguises.map((disguise) => `${base}/a${disguise}b`)),
    ...bases.slice(0, 3).flatMap((base) => invisible.map((letter) => `${base}/a${letter}b`)),
    ...bases.map((base) => `${base}/./x`),
    ...elsewhere,
    ...controls(),
    "../x",
    "..",
    ".",
    "./../x",
  ]),
];

/** Places that a person may well name; well formed. */
export const honestLocations: readonly string[] = [
  "/var/lib/savepoints",
  "savepoints/today",
  "/données/août 2026/100%",
  "/a.b/..c/d../.hidden/...",
  "file:///var/lib/savepoints/",
  "file:///with%20space/a%23b/100%25",
  "s3://my-bucket",
  "s3://my.bucket/a/b=1/c+d,e@f",
  "s3a://bucket/2026-11-30",
  "memory://name",
];
