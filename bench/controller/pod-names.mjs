/**
 * Owns: names of pods where there is no cluster DNS: all of them lead to BENCH_POD_ADDRESS. Loaded into the operator's process before
 * anything else (`node --import`).
 */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

const address = process.env["BENCH_POD_ADDRESS"] ?? "";
const { lookup } = dns;

dns.lookup = /** @type {typeof dns.lookup} */ (
  (/** @type {string} */ host, /** @type {any} */ options, /** @type {any} */ callback) => {
    if (!host.endsWith(".svc")) return lookup(host, options, callback);
    const found = { address, family: 4 };
    process.nextTick(() => (options?.all === true ? callback(null, [found]) : callback(null, address, 4)));
  }
);
syncBuiltinESMExports();
