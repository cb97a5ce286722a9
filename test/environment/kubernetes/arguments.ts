/**
 * Owns: with which flags the servers of a test cluster are started.
 * Does not own: binaries, ports, processes (the parts of this folder).
 *
 * KAR1 Only 127.0.0.1 is listened on. The API server speaks TLS, knows who asks, and asks RBAC; etcd is plain, as nothing else uses it.
 * KAR2 What the servers do by default is left as it is, since that is what tests are to meet; but for times that tests would wait for.
 */
import type { CredentialFiles } from "./credentials.ts";

export function etcdArguments(folder: string, clientUrl: string, peerUrl: string): string[] {
  return [
    "--name=test",
    `--data-dir=${folder}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=test=${peerUrl}`,
    // A test cluster that the machine loses is made anew.
    "--unsafe-no-fsync",
  ];
}

export type ApiServerFolder = {
  /** For what the server makes by itself. */
  readonly certificates: string;
  readonly auditLog: string;
  readonly auditPolicy: string;
};

export function apiServerArguments(
  etcdUrl: string,
  port: number,
  folder: ApiServerFolder,
  credentials: CredentialFiles,
): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    // An address of loopback is none that could be published: nodes and pods come through a relay (cluster/api-relay.ts).
    "--endpoint-reconciler-type=none",
    "--service-cluster-ip-range=10.96.0.0/16",
    `--cert-dir=${folder.certificates}`,
    `--tls-cert-file=${credentials.serverCertificate}`,
    `--tls-private-key-file=${credentials.serverKey}`,
    `--client-ca-file=${credentials.ca}`,
    `--token-auth-file=${credentials.tokens}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    `--kubelet-client-certificate=${credentials.kubeletClientCertificate}`,
    `--kubelet-client-key=${credentials.kubeletClientKey}`,
    "--kubelet-preferred-address-types=InternalIP",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${credentials.serviceAccountKey}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKey}`,
    `--audit-policy-file=${folder.auditPolicy}`,
    `--audit-log-path=${folder.auditLog}`,
    // Each line as it happens: tests read it.
    "--audit-log-mode=blocking",
  ];
}

/** Who asked for what, and how it was answered; no bodies. */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
} as const;

export function controllerManagerArguments(kubeconfig: string, port: number, credentials: CredentialFiles): string[] {
  return [
    ...componentArguments(kubeconfig, port, credentials),
    // A node that is silent is found out within seconds and not within a minute.
    "--node-monitor-period=2s",
    "--node-monitor-grace-period=16s",
    `--service-account-private-key-file=${credentials.serviceAccountKey}`,
    `--root-ca-file=${credentials.ca}`,
  ];
}

/** Of a scheduler or controller manager that is the only one. */
export function componentArguments(kubeconfig: string, port: number, credentials: CredentialFiles): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${credentials.serverCertificate}`,
    `--tls-private-key-file=${credentials.serverKey}`,
    "--leader-elect=false",
  ];
}
