/** Owns: what a node's machine has beside Kubernetes' own programs: container runtime, network plugins, packet filter. */
import { debianTree } from "../debian-packages.ts";

const programs = "containerd runc containernetworking-plugins iptables conntrack socat busybox iproute2";
const libraries =
  "libip4tc2 libip6tc2 libxtables12 libmnl0 libnfnetlink0 libnetfilter-conntrack3 libnftnl11 libseccomp2 libwrap0";

/** As Debian has them unless somebody chooses the older ones. */
const packetFilters = "iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore";
const links = packetFilters.split(" ").map((name) => [`sbin/${name}`, "xtables-nft-multi"]);

export const nodeSoftware = debianTree(
  "node-3",
  [...programs.split(" "), ...libraries.split(" ")],
  Object.fromEntries(links),
);
