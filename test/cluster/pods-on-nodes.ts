/** Owns: small objects for tests on a cluster with nodes. */

type Options = { readonly name: string; readonly namespace: string; readonly image: string; readonly node?: string };

/** A pod that answers with its own name on port 8080; `app: web`. */
export const webPod = ({ name, namespace, image, node }: Options): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: { app: "web" } },
  spec: {
    ...(node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": node } }),
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: "web",
        image,
        command: [
          "sh",
          "-c",
          "mkdir /www && hostname > /www/index.html && echo started && exec httpd -f -p 8080 -h /www",
        ],
        readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
});

/** In front of the pods; `isHeadless`: their own addresses. */
export const webService = (namespace: string, name: string, isHeadless: boolean): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  spec: {
    ...(isHeadless ? { clusterIP: "None" } : {}),
    selector: { app: "web" },
    ports: [{ name: "http", port: isHeadless ? 8080 : 80, targetPort: 8080 }],
  },
});
