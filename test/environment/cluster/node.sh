#!/bin/bash
# A machine for one node: namespaces of its own for network, mounts, processes, host name and control groups. When its first process
# ends, all its processes and mounts end with it.
# Variables: SOFTWARE (tree of packages), NODE (name), ADDRESS, PREFIX, CABLE_FOLDER (folder of machine-network.sh), PORT (interface at
# the cable), CLUSTER_ROUTES (ranges that are reached through the cable), PEERS ("range=address …": pods of other nodes), GROUP_FOLDERS
# ("folder=options …": its control groups; options are `cgroup2` for version 2). The working directory is its disk.
set -euo pipefail

if [[ ${INSIDE:-} != yes ]]; then
  rm -f ready
  for group in $GROUP_FOLDERS; do
    folder=${group%%=*}
    mkdir -p "$folder"
    if [[ -e $folder/cpuset.cpus && ${group#*=} != cgroup2 ]]; then
      cat "$folder/../cpuset.cpus" >"$folder/cpuset.cpus"
      cat "$folder/../cpuset.mems" >"$folder/cpuset.mems"
    fi
    echo $$ >"$folder/cgroup.procs"
  done
  exec 3</proc/"$(<"$CABLE_FOLDER/pid")"/ns/net
  INSIDE=yes exec unshare --net --mount --pid --ipc --uts --cgroup --fork --kill-child --mount-proc bash "$0"
fi

disk=$PWD
hostname "$NODE"

# What its programs write to places that all of the machine shares goes to its own disk.
mkdir -p layers/{etc,var,etc-work,var-work} containerd kubelet
mount -t overlay overlay -o "lowerdir=$SOFTWARE:/usr" /usr
for place in etc var; do
  mount -t overlay overlay -o "lowerdir=/$place,upperdir=$disk/layers/$place,workdir=$disk/layers/$place-work" "/$place"
done
mkdir -p /var/lib/containerd /var/lib/kubelet
mount --bind "$disk/containerd" /var/lib/containerd
mount --bind "$disk/kubelet" /var/lib/kubelet
mount --make-rshared /
mount -t tmpfs tmpfs /run

# The view of its own control groups, as if they were all that there are.
if [[ $GROUP_FOLDERS == *=cgroup2* ]]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir /sys/fs/cgroup/init
  echo 1 >/sys/fs/cgroup/init/cgroup.procs
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
  done
else
  mount -t tmpfs tmpfs /sys/fs/cgroup
  for group in $GROUP_FOLDERS; do
    options=${group#*=}
    place=/sys/fs/cgroup/${options#none,name=}
    mkdir "$place"
    mount -t cgroup -o "$options" cgroup "$place"
  done
fi

# The kubelet wants these settings of the kernel and would change them for the whole machine: it is shown that they are so.
show() {
  echo "$2" >"/run/$3"
  mount --bind "/run/$3" "/proc/sys/$1"
}
show vm/overcommit_memory 1 overcommit_memory
show vm/panic_on_oom 0 panic_on_oom
show kernel/panic 10 panic
show kernel/panic_on_oops 1 panic_on_oops
show kernel/keys/root_maxkeys 1000000 root_maxkeys
show kernel/keys/root_maxbytes 25000000 root_maxbytes

ip link set lo up
# After a crash the kernel takes away the old end of the cable in its own time.
for ((tries = 0; ; tries++)); do
  nsenter --net=/proc/self/fd/3 ip link add "$PORT" type veth peer name eth0 netns 1 && break
  ((tries < 100))
  sleep 0.1
done
nsenter --net=/proc/self/fd/3 ip link set "$PORT" master br0 up
exec 3<&-
ip address add "$ADDRESS/$PREFIX" dev eth0
ip link set eth0 up
for range in $CLUSTER_ROUTES; do ip route add "$range" dev eth0; done
for peer in $PEERS; do ip route add "${peer%%=*}" via "${peer#*=}" dev eth0; done
echo 1 >/proc/sys/net/ipv4/ip_forward

trap 'exit 0' TERM
touch ready
# Bash reaps what other processes leave.
while :; do
  sleep infinity &
  wait $! || true
done
