#!/bin/bash
# The cable between the nodes: a bridge in a network namespace of its own, and one interface on this machine that leads to it.
# The namespace, with all that is in it, goes with this process; nothing else of the machine's network is changed.
# Arguments: tree of packages, interface of this machine, its address and those of the nodes as "address pods", each with its prefix length.
set -euo pipefail
software=$1 interface=$2 address=$3
shift 3

if [[ ${INSIDE:-} != yes ]]; then
  exec 3</proc/self/ns/net
  INSIDE=yes exec unshare --net --mount bash "$0" "$software" "$interface" "$address" "$@"
fi

mount -t overlay overlay -o "lowerdir=$software:/usr" /usr
on_machine() { nsenter --net=/proc/self/fd/3 "$@"; }

ip link set lo up
ip link add br0 type bridge
ip link set br0 up
# Fails when the name is taken: then somebody else has this subnet.
on_machine ip link add "$interface" type veth peer name up0 netns $$
ip link set up0 master br0
ip link set up0 up
on_machine ip address add "$address" dev "$interface"
on_machine ip link set "$interface" up
while (($# > 0)); do
  on_machine ip route add "$2" via "$1" dev "$interface"
  shift 2
done
exec 3<&-
touch ready
exec sleep infinity
