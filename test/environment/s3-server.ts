/**
 * Owns: what every S3 server gives to tests.
 */

export type S3Server = {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
};

/** Words that are said nowhere else: tests look for them where no secret may be (SEC-16). */
const CANARIES = { accessKey: "canary-access-3f9c1a7e", secretKey: "canary-secret-9b7e2d4f61" };

/** What a server gives that was started here, at `host:port`. */
export function startedS3Server(address: string): S3Server {
  return { endpoint: `http://${address}`, region: "us-east-1", ...CANARIES };
}

/** `http://access:secret@127.0.0.1:9000`, as an environment variable has it. */
export function parseS3Server(text: string): S3Server {
  const url = new URL(text);
  const [accessKey, secretKey] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  return { endpoint: url.origin, region: url.searchParams.get("region") ?? "us-east-1", accessKey, secretKey };
}

/** Throws unless the server answers `path` with 200. */
export async function expectOk(endpoint: string, path: string): Promise<void> {
  const response = await fetch(`${endpoint}${path}`, { signal: AbortSignal.timeout(5000) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${endpoint}${path} answers ${response.status}`);
}
