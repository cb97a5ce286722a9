/** Owns: the part etcd, where a test cluster's API server keeps its objects. */
import { join } from "node:path";
import type { Part } from "../part.ts";
import { etcdArguments } from "./arguments.ts";
import { etcdBinary } from "./binaries.ts";

export type Etcd = { readonly url: string };

export const etcdPart: Part<Etcd> = {
  name: "etcd",
  address: { variable: "STREAMJOB_TEST_ETCD", parse: (url) => ({ url }) },
  binary: etcdBinary,
  launch: async ({ folder, freePort }) => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const peerUrl = `http://127.0.0.1:${await freePort()}`;
    return { args: etcdArguments(join(folder, "data"), url, peerUrl), gives: { url } };
  },
  check: async ({ url }) => {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) });
    const { health } = (await response.json()) as { readonly health?: string };
    if (health !== "true") throw new Error(`etcd says that its health is ${health}`);
  },
};
