/**
 * Owns: the root of all certificates, in a Secret of the operator's own namespace.
 *
 * ROO1 It is made once, by whichever operator comes first, and only read by name from then on. Of all Secrets it is the only one that an
 *     operator reads.
 * ROO2 A key `previous` beside it is the root that it replaces: while it is there, incarnations go from that one to this (CED3).
 */
import { type Random, StreamError } from "../../base/index.ts";
import { isApiError, type KubernetesApi, type ObjectKey, type Secret } from "../kubernetes/api/index.ts";
import { createJobAuthority, type JobAuthority, ROOT_BYTES } from "./job-authority.ts";

const KEY = "root";
const PREVIOUS_KEY = "previous";

/** ROO1. Errors: OPTION_INVALID when the Secret is there and holds no root; those of the API. */
export async function openJobAuthority(api: KubernetesApi, key: ObjectKey, random: Random): Promise<JobAuthority> {
  const present = (await api.get("Secret", key)) ?? (await make(api, key, random));
  const [root, previous] = [KEY, PREVIOUS_KEY].map((name) => Buffer.from(present.data?.[name] ?? "", "base64"));
  const isRoot = root?.length === ROOT_BYTES;
  if (isRoot && (previous === undefined || previous.length === 0 || previous.equals(root)))
    return createJobAuthority(root);
  if (isRoot && previous?.length === ROOT_BYTES) return createJobAuthority(root, previous);
  if (isRoot) {
    const what = `Secret ${key.namespace}/${key.name} has a key "${PREVIOUS_KEY}" that is not of ${ROOT_BYTES} bytes`;
    throw new StreamError("OPTION_INVALID", `${what}: put the root there that "${KEY}" replaces, or remove it`, {
      destiny: "terminal",
    });
  }
  const what = `Secret ${key.namespace}/${key.name} has no key "${KEY}" of ${ROOT_BYTES} bytes`;
  const advice = "delete it, and the operator makes a new one when it starts; all jobs then get new certificates";
  throw new StreamError("OPTION_INVALID", `${what}: ${advice}`, { destiny: "terminal" });
}

async function make(api: KubernetesApi, { namespace, name }: ObjectKey, random: Random): Promise<Secret> {
  const data = { [KEY]: Buffer.from(random.hex(ROOT_BYTES), "hex").toString("base64") };
  const metadata = { namespace, name };
  try {
    return await api.create("Secret", { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data });
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
  const theirs = await api.get("Secret", { namespace, name });
  if (theirs !== null) return theirs;
  throw new StreamError("KUBERNETES_API_FAILED", `Secret ${namespace}/${name} was made and is gone; start again`);
}
