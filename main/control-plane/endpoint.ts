/**
 * Owns: the file `<folder>/endpoint.json`: which process is the control plane of a folder, and how others reach it.
 *
 * EP1 It is taken by an exclusive create. One that was left is taken over: its process is not the one that wrote it (PRI1), or has this
 *     process's id though this process did not write it, or the file is damaged, which no living owner leaves behind.
 * EP3 Every version names its process in `pid` and `identity`, so a file of a newer version whose process has ended is taken over as well.
 *     While that process runs, and when the file does not say which it is, it is neither taken over nor replaced (FV2).
 * EP2 Only its owner may read it: the token is in it.
 */
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { isSameProcess, PRIVATE_FILE, processIdentity, refuseNewer, StreamError } from "../../base/index.ts";

const VERSION = 1;
/** The same in all versions (EP3). */
const ownerSchema = z.object({
  pid: z.int(),
  /** Which process had that id (process-identity.ts). */
  identity: z.string().nullable(),
});
type Owner = z.infer<typeof ownerSchema>;
const endpointSchema = ownerSchema.extend({
  version: z.literal(VERSION),
  /** null: it is starting. */
  url: z.string().nullable(),
  token: z.string().nullable(),
});
export type Endpoint = z.infer<typeof endpointSchema>;

const pathOf = (folder: string): string => resolve(folder, "endpoint.json");

/** Files that this process has taken and not given back. */
const own = new Set<string>();

/** Takes the folder, and again with the address when there is one. Errors: CONTROL_PLANE_RUNNING, FORMAT_TOO_NEW. */
export async function takeEndpoint(
  folder: string,
  address?: { readonly url: string; readonly token: string },
): Promise<void> {
  const path = pathOf(folder);
  const endpoint: Endpoint = {
    version: VERSION,
    pid: process.pid,
    identity: processIdentity(process.pid),
    url: address?.url ?? null,
    token: address?.token ?? null,
  };
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(endpoint)}\n`, { mode: PRIVATE_FILE });
  try {
    if (own.has(path) ? address !== undefined : isLeftOver(folder)) renameSync(temporary, path);
    else linkSync(temporary, path);
    own.add(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const pid = readEndpoint(folder)?.pid;
    throw new StreamError(
      "CONTROL_PLANE_RUNNING",
      `process ${pid ?? "?"} is the control plane of ${folder}: use \`streamjob apply\` to give it manifests, end it, or set STREAMJOB_HOME to another folder`,
    );
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** EP1: there is a file, and nobody has it. */
function isLeftOver(folder: string): boolean {
  const endpoint = readEndpoint(folder);
  return endpoint === null ? existsSync(pathOf(folder)) : !isOwnerAlive(endpoint, folder);
}

/** Whether the process that wrote it runs. */
export function isOwnerAlive({ pid, identity }: Owner, folder: string): boolean {
  if (pid === process.pid) return own.has(pathOf(folder));
  return isSameProcess(pid, identity);
}

/** null: there is none, or it is damaged. Of a newer version whose process has ended: without an address. Errors: FORMAT_TOO_NEW (EP3). */
export function readEndpoint(folder: string): Endpoint | null {
  const json = readJson(pathOf(folder));
  const parsed = endpointSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const owner = ownerSchema.safeParse(json);
  if (owner.success && !isOwnerAlive(owner.data, folder)) {
    return { version: VERSION, ...owner.data, url: null, token: null };
  }
  refuseNewer(pathOf(folder), json, VERSION);
  return null;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null; // not there, or not JSON: nobody can be reached by it
  }
}

/** Whether this process is the one that the file in the folder names. Of a newer version it is another's. */
function ownsEndpoint(folder: string): boolean {
  const parsed = endpointSchema.safeParse(readJson(pathOf(folder)));
  return parsed.success && parsed.data.pid === process.pid && isOwnerAlive(parsed.data, folder);
}

export async function removeEndpoint(folder: string): Promise<void> {
  const path = pathOf(folder);
  if (ownsEndpoint(folder)) rmSync(path, { force: true });
  own.delete(path);
}
