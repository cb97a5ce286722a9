import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "../../base/index.ts";
import { describeKubernetesApi } from "../../operator/kubernetes/conformance/index.ts";
import { connectKubernetes } from "../../operator/kubernetes/client/index.ts";
import { serveHttp } from "./http-server.ts";
import { openLocalApiServer } from "./local-api-server.ts";

const parts = { clock: systemClock, random: systemRandom };

describeKubernetesApi("the API server in memory", async () => {
  const server = await openLocalApiServer(parts);
  return { api: server, namespace: "test", close: () => server.close() };
});

/** As by any other server: with a kubeconfig. */
describeKubernetesApi("the API server in memory, over HTTP,", async () => {
  const server = await openLocalApiServer(parts);
  const token = systemRandom.hex(16);
  const http = await serveHttp({ ...parts, api: server, token });
  const folder = mkdtempSync(join(tmpdir(), "api-server-"));
  const kubeconfig = join(folder, "kubeconfig");
  const config = {
    clusters: [{ name: "c", cluster: { server: http.url } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const connection = await connectKubernetes({ ...parts, kubeconfig });
  const close = async (): Promise<void> => {
    connection.close();
    await http.close();
    await server.close();
    rmSync(folder, { recursive: true });
  };
  return { api: connection.api, namespace: "test", close };
});
