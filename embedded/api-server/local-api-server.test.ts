import { systemClock, systemRandom } from "../../base/index.ts";
import { describeKubernetesApi } from "../../operator/kubernetes/conformance/index.ts";
import { HttpKubernetesApi } from "../../operator/kubernetes/client/index.ts";
import { serveHttp } from "./http-server.ts";
import { openLocalApiServer } from "./local-api-server.ts";

const parts = { clock: systemClock, random: systemRandom };

describeKubernetesApi("the API server in memory", async () => {
  const server = await openLocalApiServer(parts);
  return { api: server, namespace: "test", close: () => server.close() };
});

describeKubernetesApi("the API server in memory, over HTTP,", async () => {
  const server = await openLocalApiServer(parts);
  const token = systemRandom.hex(16);
  const http = await serveHttp({ ...parts, api: server, token });
  const api = new HttpKubernetesApi({ ...parts, baseUrl: http.url, token });
  const close = async (): Promise<void> => {
    api.close();
    await http.close();
    await server.close();
  };
  return { api, namespace: "test", close };
});
