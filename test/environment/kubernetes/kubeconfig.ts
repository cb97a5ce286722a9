/**
 * Owns: the text of a kubeconfig for one user of a test cluster, with everything in it, so that the file can be copied.
 * Called by: api-server.ts.
 */
import { readFile } from "node:fs/promises";
import { stringify } from "yaml";
import type { Credentials, UserName } from "./credentials.ts";

/** YAML; the user is known by the client certificate. */
export async function kubeconfigText(url: string, credentials: Credentials, name: UserName): Promise<string> {
  const user = credentials.users[name];
  const inBase64 = async (path: string): Promise<string> => (await readFile(path)).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "streamjob-test",
      contexts: [{ name: "streamjob-test", context: { cluster: "streamjob-test", user: name, namespace: "default" } }],
      clusters: [
        {
          name: "streamjob-test",
          cluster: { server: url, "certificate-authority-data": await inBase64(credentials.files.ca) },
        },
      ],
      users: [
        {
          name,
          user: {
            "client-certificate-data": await inBase64(user.certificatePath),
            "client-key-data": await inBase64(user.keyPath),
          },
        },
      ],
    },
    { lineWidth: 0 },
  );
}
