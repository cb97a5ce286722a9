#!/bin/bash
# Runs a program within a node. Variables: NODE_FOLDER, GROUP_FOLDERS (as for node.sh). Arguments: the program and its arguments.
set -euo pipefail
pid=$(<"$NODE_FOLDER/pid")
for group in $GROUP_FOLDERS; do
  folder=${group%%=*}
  [[ ${group#*=} == cgroup2 ]] && folder=$folder/init
  echo $$ >"$folder/cgroup.procs"
done
ns=/proc/$pid/ns
exec nsenter --net="$ns/net" --mount="$ns/mnt" --ipc="$ns/ipc" --uts="$ns/uts" --cgroup="$ns/cgroup" --pid="$ns/pid_for_children" "$@"
