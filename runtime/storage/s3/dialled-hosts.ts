/**
 * Owns: which hosts a store is never reached at: link-local addresses and those that clouds serve a machine's credentials at (SEC-11).
 * Not here: the SDK's own search for credentials, which asks such an address when nothing else is configured.
 * Called by: s3-client.ts, for the endpoint and for what its name resolves to, each time.
 *
 * DIH1 A blocked address is refused however it is written: as a number, in IPv6, behind a name, behind a name that changes its mind.
 */
import { lookup as lookupName, type LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { StreamError } from "../../../base/index.ts";

const blocked = new BlockList();
blocked.addSubnet("169.254.0.0", 16, "ipv4");
blocked.addSubnet("fe80::", 10, "ipv6");
for (const address of ["100.100.100.200", "192.0.0.192"]) blocked.addAddress(address, "ipv4");
for (const address of ["fd00:ec2::254", "fd20:ce::254"]) blocked.addAddress(address, "ipv6");
const blockedNames: ReadonlySet<string> = new Set([
  "metadata",
  "metadata.google.internal",
  "instance-data",
  "instance-data.ec2.internal",
]);

/** Errors: OPTION_INVALID when the endpoint names a blocked host, or is no URL. */
export function assertDiallable(endpoint: string): void {
  if (!URL.canParse(endpoint))
    throw refused(`s3.endpoint is ${JSON.stringify(endpoint)}; give a URL such as https://s3.example.com`);
  const url = new URL(endpoint);
  if (url.username !== "" || url.password !== "") throw refused("s3.endpoint must not hold a user or a password");
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (blockedNames.has(host) || isBlocked(host))
    throw refused(
      `s3.endpoint is ${url.host}, a link-local or metadata address, and no store; give that of an S3 server`,
    );
}

/** As node's own, but a name that resolves to a blocked address resolves to nothing. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookupName(hostname, { ...options, all: true }, (error, found) => {
    const addresses: readonly LookupAddress[] = error === null ? found : [];
    const bad = addresses.find(({ address }) => isBlocked(address));
    const [first] = addresses;
    if (bad !== undefined) {
      const reason = `${hostname} resolves to ${bad.address}, a link-local or metadata address, and no store`;
      callback(Object.assign(new Error(reason), { code: "EACCES" }), "", 0);
    } else if (error !== null || first === undefined) callback(error ?? new Error(`${hostname} has no address`), "", 0);
    else if (options.all === true) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  });
};

function isBlocked(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && blocked.check(address, family === 4 ? "ipv4" : "ipv6");
}

function refused(text: string): StreamError {
  return new StreamError("OPTION_INVALID", text, { destiny: "terminal" });
}
