/**
 * Owns: the bytes of a manifest.
 *
 * Grammar: header LF body, where header = `streamjob-manifest <version> sha256=<64 hex of body> length=<bytes of body>` in ASCII and
 * body = the Manifest as JSON in UTF-8.
 *
 * MC1 Any changed, missing or additional byte is found (CHECKPOINT_CORRUPT) before a field is looked at.
 * MC2 What passes has every field in its bounds: keys stay inside the store, counts agree, files are listed once.
 * MC3 In every version, the header has this form, the body is JSON, and both name the version: so a newer manifest (FORMAT_TOO_NEW) is never
 *     taken for a damaged one, nor a damaged one for a newer.
 */
import { z } from "zod";
import { assert, newerFormat, StreamError } from "../../base/index.ts";
import { sha256Hex } from "../storage/index.ts";
import { type FileRef, keyedFiles, keyedParts, type OperatorState } from "./handles.ts";
import type { Manifest } from "./manifest.ts";

const MANIFEST_BYTES_MAX = 256 * 1024 * 1024;
const HEADER = /^streamjob-manifest (\d{1,6}) sha256=([0-9a-f]{64}) length=(\d{1,12})$/;
const HEADER_BYTES_MAX = 160;
/** MA6 */
const VERSION_FIRST = 1;
const VERSION_OF_ENUMERATORS = 2;
const VERSION_OF_TABLES = 3;
const VERSION_MAX = VERSION_OF_TABLES;

const count = z.number().int().min(0);
const hex32 = z.string().regex(/^[0-9a-f]{32}$/);
const text = z.string().max(100_000);
const fileRef = z.strictObject({
  key: z.string().regex(/^data\/(\d{10}-\d{10}\/)?[0-9a-f]{64}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  length: count,
});
const keyGroups = z.strictObject({ first: count, last: count });
const blob = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("inline"), base64: z.base64() }),
  z.strictObject({ kind: z.literal("file"), file: fileRef }),
]);
const keyedFile = z.strictObject({ file: fileRef, keyGroups: keyGroups.optional() });
const keyedState = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("heap"), keyGroups, files: z.array(keyedFile).min(1) }),
  z.strictObject({
    kind: z.literal("tables"),
    keyGroups,
    files: z.array(keyedFile),
    tables: z.array(keyedFile).min(1),
  }),
]);
const subtaskState = z.strictObject({
  keyed: keyedState.nullable(),
  operator: z.array(
    z.strictObject({ name: text, redistribution: z.enum(["split", "union", "broadcast"]), count, blob }),
  ),
  finished: z.boolean(),
});
const operatorState = z.strictObject({
  operatorId: hex32,
  uid: text,
  name: text,
  parallelism: z.number().int().min(1).max(32768),
  maxParallelism: z.number().int().min(1).max(32768),
  declarations: z.array(z.strictObject({ name: text, kind: text, type: text })),
  subtasks: z.array(subtaskState),
  enumerator: z.strictObject({ state: z.unknown().refine((state) => state !== undefined) }).optional(),
});
const manifestSchema = z.strictObject({
  version: z.union([z.literal(VERSION_FIRST), z.literal(VERSION_OF_ENUMERATORS), z.literal(VERSION_OF_TABLES)]),
  kind: z.enum(["fence", "checkpoint", "savepoint"]),
  seq: count,
  checkpointId: count,
  epoch: z.number().int().min(1),
  processId: text.min(1),
  nonce: text.min(1),
  parent: z.number().int().min(1).nullable(),
  jobId: hex32,
  jobName: text,
  triggeredMs: z.number(),
  completedMs: z.number(),
  storeUri: text.nullable(),
  operators: z.array(operatorState),
  files: z.array(fileRef),
  committables: count,
  successor: hex32.optional(),
  ends: z.enum(["stop", "drain"]).optional(),
  triggerId: text.optional(),
});

/** Of a manifest with these operators (MA6). */
export function manifestVersion(operators: readonly OperatorState[]): Manifest["version"] {
  if (operators.some(({ subtasks }) => subtasks.some(({ keyed }) => keyed?.kind === "tables")))
    return VERSION_OF_TABLES;
  return operators.some(({ enumerator }) => enumerator !== undefined) ? VERSION_OF_ENUMERATORS : VERSION_FIRST;
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const body = Buffer.from(JSON.stringify(manifest));
  assert(
    body.length <= MANIFEST_BYTES_MAX,
    `a manifest of ${body.length} bytes is above the limit of ${MANIFEST_BYTES_MAX}`,
  );
  return Buffer.concat([
    Buffer.from(`streamjob-manifest ${manifest.version} sha256=${sha256Hex(body)} length=${body.length}\n`),
    body,
  ]);
}

/** `where` is the manifest's URI, for messages. Errors: CHECKPOINT_CORRUPT, FORMAT_TOO_NEW (terminal). */
export function decodeManifest(bytes: Uint8Array, where: string): Manifest {
  const { body, version } = verifiedBody(bytes, where);
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw corrupt(where, "has a body that is not JSON", cause);
  }
  checkVersion(version, json, where);
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw corrupt(where, `has an invalid field ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  const manifest = parsed.data as unknown as Manifest;
  const contradiction = findContradiction(manifest);
  if (contradiction !== null) throw corrupt(where, contradiction);
  return manifest;
}

/** True when the bytes begin as a manifest does, whole or not. */
export function looksLikeManifest(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 19)).toString("latin1") === "streamjob-manifest ";
}

/** Every file that the operators refer to, once, sorted by key. */
export function filesOf(operators: readonly OperatorState[]): readonly FileRef[] {
  const files = new Map<string, FileRef>();
  for (const operator of operators) {
    for (const subtask of operator.subtasks) {
      for (const file of keyedFiles(subtask.keyed)) files.set(file.key, file);
      for (const handle of subtask.operator)
        if (handle.blob.kind === "file") files.set(handle.blob.file.key, handle.blob.file);
    }
  }
  return [...files.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** MC3 */
function checkVersion(version: number, json: unknown, where: string): void {
  const inside = typeof json === "object" && json !== null && "version" in json ? json.version : null;
  if (version > VERSION_MAX && inside === version) throw newerFormat(`the manifest ${where}`, version, VERSION_MAX);
  // What the body of an old one says instead is an invalid field.
  if (version === VERSION_FIRST || (version > VERSION_FIRST && inside === version)) return;
  throw corrupt(
    where,
    `was changed: its header says version ${version} and its body version ${String(inside)}; this program reads versions 1 to ${VERSION_MAX}`,
  );
}

function verifiedBody(bytes: Uint8Array, where: string): { readonly body: Buffer; readonly version: number } {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = all.subarray(0, HEADER_BYTES_MAX).indexOf(0x0a);
  const header = end < 0 ? null : HEADER.exec(all.subarray(0, end).toString("latin1"));
  if (header === null) throw corrupt(where, all.length === 0 ? "is empty" : "does not begin with a manifest's header");
  const body = all.subarray(end + 1);
  if (body.length !== Number(header[3])) {
    throw corrupt(
      where,
      `${body.length < Number(header[3]) ? "is truncated" : "was changed"}: it has ${body.length} bytes, and its header says ${header[3]}`,
    );
  }
  if (body.length > MANIFEST_BYTES_MAX)
    throw corrupt(where, `has ${body.length} bytes, more than the limit of ${MANIFEST_BYTES_MAX}`);
  if (sha256Hex(body) !== header[2]) throw corrupt(where, "was changed: its checksum does not match its content");
  return { body, version: Number(header[1]) };
}

/** What the shape alone does not say (MC2). */
function findContradiction(manifest: Manifest): string | null {
  if (manifest.kind === "fence" && manifest.operators.length > 0) return "is a fence, and must have no state";
  if (manifest.kind !== "fence" && manifest.successor !== undefined)
    return `is a ${manifest.kind}, and only a fence may name a successor`;
  if (manifest.kind !== "savepoint" && manifest.ends !== undefined)
    return `is a ${manifest.kind}, and only a savepoint may end a job`;
  if (manifest.parent !== null && manifest.seq !== 0 && manifest.parent >= manifest.seq)
    return `names number ${manifest.parent} as its parent, which is not older`;
  if (manifest.version !== manifestVersion(manifest.operators))
    return `has version ${manifest.version}, which does not go with the enumerators of its sources and the tables of its operators`;
  const ids = new Set<string>();
  for (const operator of manifest.operators) {
    if (ids.has(operator.operatorId)) return `lists the operator ${operator.uid} twice`;
    ids.add(operator.operatorId);
    if (operator.subtasks.length !== operator.parallelism) {
      return `lists ${operator.subtasks.length} subtasks of operator ${operator.uid}, whose parallelism is ${operator.parallelism}`;
    }
    for (const { keyed } of operator.subtasks) {
      if (keyed === null) continue;
      const { first, last } = keyed.keyGroups;
      if (first > last || last >= operator.maxParallelism)
        return `gives a subtask of operator ${operator.uid} key groups ${first}..${last}, of ${operator.maxParallelism} that exist`;
      for (const { keyGroups: part = keyed.keyGroups } of keyedParts(keyed)) {
        if (part.first > part.last || part.first < first || part.last > last)
          return `lists a file with key groups ${part.first}..${part.last} for a subtask of operator ${operator.uid} that has ${first}..${last}`;
      }
    }
  }
  const listed = JSON.stringify(manifest.files.map((file) => [file.key, file.sha256, file.length]));
  const referred = JSON.stringify(filesOf(manifest.operators).map((file) => [file.key, file.sha256, file.length]));
  return listed === referred ? null : "does not list the files that its operators refer to";
}

function corrupt(where: string, what: string, cause?: unknown): StreamError {
  return new StreamError(
    "CHECKPOINT_CORRUPT",
    `the manifest ${where} ${what}; restore from another checkpoint or savepoint`,
    {
      destiny: "terminal",
      cause,
    },
  );
}
