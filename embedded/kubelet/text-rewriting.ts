/**
 * Owns: what becomes of addresses and paths of a container when it is a process of this machine. Pure but for its resolver.
 * Called by: container-plan.ts.
 *
 * TER1 `0.0.0.0:<port>` → `127.0.0.1:<host port of this pod>`; `<pod>.<service>.<namespace>.svc:<port>` and
 *     `<service>.<namespace>.svc:<port>` → `127.0.0.1:<host port of that pod>`, wherever they stand in the text
 *     (`.svc.cluster.local` too). Nothing else that looks like an address is touched.
 * TER2 A path below a mount path becomes one below the folder that the kubelet wrote, where a value begins: at the start of the
 *     text, after `=` or `file://`, and as the start of a JSON string.
 */

/** What an address in a text means. */
export type AddressReference =
  | { readonly kind: "own"; readonly port: number }
  | { readonly kind: "pod"; readonly namespace: string; readonly name: string; readonly port: number }
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number };

/** A volume as the container sees it, and where it is. */
export type Mount = { readonly mountPath: string; readonly path: string };

const ADDRESS =
  /(?<![\w.-])(?:0\.0\.0\.0|(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\.svc(?:\.cluster\.local)?):(?<port>\d{1,5})(?!\d)/g;

/** Rewrites every address (TER1). `resolve` gives the host port. Errors: whatever `resolve` throws. */
export async function rewriteAddresses(
  text: string,
  resolve: (reference: AddressReference) => Promise<number>,
): Promise<string> {
  if (!text.includes(".svc") && !text.includes("0.0.0.0:")) return text;
  let rewritten = "";
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const reference = parseAddress(match.groups?.["host"], Number(match.groups?.["port"]));
    if (reference === null) continue;
    rewritten += `${text.slice(end, match.index)}127.0.0.1:${await resolve(reference)}`;
    end = match.index + match[0].length;
  }
  return rewritten + text.slice(end);
}

/** `host` without `.svc`; undefined: 0.0.0.0. null: no name of a pod or a Service. */
function parseAddress(host: string | undefined, port: number): AddressReference | null {
  if (port === 0) return null; // "any port": the process chooses
  if (host === undefined) return { kind: "own", port };
  const [first, second, third, ...more] = host.split(".");
  if (more.length > 0 || first === undefined || second === undefined) return null;
  return third === undefined
    ? { kind: "service", name: first, namespace: second, port }
    : { kind: "pod", name: first, namespace: third, port };
}

/** Rewrites every path below a mount (TER2); the longest mount path wins. */
export function rewritePaths(text: string, mounts: readonly Mount[]): string {
  const byLength = mounts.toSorted((a, b) => b.mountPath.length - a.mountPath.length);
  if (byLength.length === 0) return text;
  const alternatives = byLength.map(({ mountPath }) => mountPath.replace(/[^\w/]/g, "\\$&")).join("|");
  const pattern = new RegExp(`(?<before>^|=|"|file://)(?<mount>${alternatives})(?=/|"|$)`, "g");
  return text.replace(pattern, (whole, before: string, mount: string) => {
    const path = byLength.find((candidate) => candidate.mountPath === mount)?.path ?? whole;
    return before + (before === '"' ? JSON.stringify(path).slice(1, -1) : path);
  });
}
