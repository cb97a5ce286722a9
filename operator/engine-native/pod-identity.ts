/**
 * Owns: how a pod gets its certificates: which files of the incarnation's Secret, where, and how its process finds them.
 *
 * PID1 A pod has its own component's key and no other. The Secret is mounted as a whole folder, never by subPath: the kubelet renews that.
 */
import { podVariables } from "../../contract/index.ts";
import { type Component, type IncarnationInput, identitySecretName } from "../engine/index.ts";
import type { Container, EnvVar, Volume } from "../kubernetes/api/index.ts";

const NAME = "streamjob-tls";
const FOLDER = "/etc/streamjob/tls";

type PodIdentity = {
  readonly variables: readonly EnvVar[];
  readonly mounts: NonNullable<Container["volumeMounts"]>;
  readonly volumes: readonly Volume[];
};

/** Empty for an operator that certifies nothing. */
export function podIdentity({ job, number, isCertified }: IncarnationInput, component: Component): PodIdentity {
  if (isCertified !== true) return { variables: [], mounts: [], volumes: [] };
  const items = [
    { key: "ca.crt", path: "ca.crt" },
    { key: `${component}.crt`, path: "tls.crt" },
    { key: `${component}.key`, path: "tls.key" },
  ];
  return {
    variables: [{ name: podVariables.identity, value: FOLDER }],
    mounts: [{ name: NAME, mountPath: FOLDER, readOnly: true }],
    volumes: [{ name: NAME, secret: { secretName: identitySecretName(job.metadata.name, number), items } }],
  };
}
