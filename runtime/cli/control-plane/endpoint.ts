/**
 * Owns: the file `<folder>/endpoint.json`: which process is the control plane of a folder, and how others reach it.
 *
 * EP1 It is taken by an exclusive create; one that a dead process left is taken over.
 * EP2 Only its owner may read it: the token is in it.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { StreamError } from "../../base/index.ts";
import { isAlive } from "../job-registry.ts";

const endpointSchema = z.object({
  version: z.literal(1),
  pid: z.int(),
  /** null: it is starting. */
  url: z.string().nullable(),
  token: z.string().nullable(),
});
export type Endpoint = z.infer<typeof endpointSchema>;

const pathOf = (folder: string): string => join(folder, "endpoint.json");

/** Takes the folder, and again with the address when there is one. Errors: CONTROL_PLANE_RUNNING. */
export async function takeEndpoint(
  folder: string,
  address?: { readonly url: string; readonly token: string },
): Promise<void> {
  const path = pathOf(folder);
  const endpoint: Endpoint = { version: 1, pid: process.pid, url: address?.url ?? null, token: address?.token ?? null };
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(endpoint)}\n`, { mode: 0o600 });
  const present = readEndpoint(folder);
  if (present !== null && (present.pid === process.pid ? address !== undefined : !isAlive(present.pid))) {
    renameSync(temporary, path);
    return;
  }
  try {
    linkSync(temporary, path);
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

/** null: there is none, or it is damaged. */
export function readEndpoint(folder: string): Endpoint | null {
  try {
    const parsed = endpointSchema.safeParse(JSON.parse(readFileSync(pathOf(folder), "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // not there, or not JSON: nobody can be reached by it
  }
}

export async function removeEndpoint(folder: string): Promise<void> {
  if (readEndpoint(folder)?.pid === process.pid) rmSync(pathOf(folder), { force: true });
}
