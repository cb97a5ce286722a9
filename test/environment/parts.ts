/**
 * Owns: the list of parts, for `npm run env`, what is needed first before what needs it; and names for several together.
 * A new part: a file beside this one, and a line here.
 */
import { apiServerPart } from "./kubernetes/api-server.ts";
import { controllerManagerPart } from "./kubernetes/controller-manager.ts";
import { etcdPart } from "./kubernetes/etcd.ts";
import { minioPart } from "./minio.ts";
import type { Part } from "./part.ts";
import { versitygwPart } from "./versitygw.ts";

const kube = [etcdPart, apiServerPart, controllerManagerPart] as readonly Part[];
const s3 = [minioPart, versitygwPart] as readonly Part[];

export const parts: readonly Part[] = [...s3, ...kube];

/** Parts that are of use together, by one name. */
export const partGroups: Readonly<Record<string, readonly Part[]>> = { s3, kube };
