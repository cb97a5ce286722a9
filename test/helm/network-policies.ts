/**
 * Owns: what NetworkPolicies let through, by the rules of Kubernetes: which pod may connect to which port of which pod.
 * Does not own: enforcing it, which is the network's.
 *
 * NPE1 A pod that no policy of a direction selects may everything in that direction; one that some select may what one of them lists.
 * NPE2 A connection needs both: the egress of who begins it, and the ingress of who is reached.
 */

type Labels = Readonly<Record<string, string>>;
type Selector = { readonly matchLabels?: Labels; readonly matchExpressions?: readonly unknown[] };
type Peer = { readonly podSelector?: Selector; readonly namespaceSelector?: Selector; readonly ipBlock?: unknown };
type Port = { readonly port: number; readonly protocol?: string };
type Rule = { readonly ports?: readonly Port[]; readonly from?: readonly Peer[]; readonly to?: readonly Peer[] };

export type NetworkPolicy = {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly ("Ingress" | "Egress")[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
};

export type Endpoint = { readonly namespace: string; readonly labels: Labels };

/** Whether `from` may open a TCP connection to this port of `to`. */
export function mayConnect(policies: readonly NetworkPolicy[], from: Endpoint, to: Endpoint, port: number): boolean {
  return (
    isAllowed(policies, "Egress", from, (policy, rule) => isPeer(rule.to, policy, to) && isPort(rule.ports, port)) &&
    isAllowed(policies, "Ingress", to, (policy, rule) => isPeer(rule.from, policy, from) && isPort(rule.ports, port))
  );
}

function isAllowed(
  policies: readonly NetworkPolicy[],
  direction: "Ingress" | "Egress",
  of: Endpoint,
  covers: (policy: NetworkPolicy, rule: Rule) => boolean,
): boolean {
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === of.namespace &&
      spec.policyTypes.includes(direction) &&
      matches(spec.podSelector, of.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some((policy) => {
    const rules = (direction === "Ingress" ? policy.spec.ingress : policy.spec.egress) ?? [];
    return rules.some((rule) => covers(policy, rule));
  });
}

/** No peers, or an empty list: everybody. A peer without a namespaceSelector is in the policy's own namespace. */
function isPeer(peers: readonly Peer[] | undefined, policy: NetworkPolicy, other: Endpoint): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
    if (ipBlock !== undefined) throw new Error("addresses are not evaluated");
    const isInNamespace =
      namespaceSelector === undefined
        ? other.namespace === policy.metadata.namespace
        : matches(namespaceSelector, { "kubernetes.io/metadata.name": other.namespace });
    return isInNamespace && (podSelector === undefined || matches(podSelector, other.labels));
  });
}

function isPort(ports: readonly Port[] | undefined, port: number): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some((one) => one.port === port && (one.protocol ?? "TCP") === "TCP");
}

function matches({ matchLabels = {}, matchExpressions }: Selector, labels: Labels): boolean {
  if (matchExpressions !== undefined) throw new Error("matchExpressions are not evaluated");
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}
