import assert from "node:assert/strict";
import { it } from "node:test";
import { deriveControlGroups, groupFolders } from "./control-groups.ts";

const mount = (point: string, type: string, options: string, root = "/"): string =>
  `31 23 0:28 ${root} ${point} rw,relatime - ${type} ${type} ${options}`;

it("a node's groups of version 1 lie below this process's own, in each hierarchy", () => {
  const mounts = [
    "23 1 254:0 / / rw - ext4 /dev/vda rw",
    mount("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"),
    mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory"),
    mount("/sys/fs/cgroup/systemd", "cgroup", "rw,xattr,release_agent=/lib/systemd/agent,name=systemd"),
    mount("/sys/fs/cgroup/unified", "cgroup2", "rw"),
  ].join("\n");
  const memberships = ["4:cpu,cpuacct:/", "3:memory:/jobs/1", "2:name=systemd:/", "0::/"].join("\n");
  assert.equal(
    groupFolders(deriveControlGroups(mounts, memberships, "node")),
    "/sys/fs/cgroup/cpu,cpuacct/node=cpu,cpuacct /sys/fs/cgroup/memory/jobs/1/node=memory /sys/fs/cgroup/systemd/node=none,name=systemd",
  );
});

it("within a container, where only a part of a hierarchy is mounted, they lie below that part", () => {
  const mounts = mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory", "/docker/abc");
  assert.equal(
    groupFolders(deriveControlGroups(mounts, "3:memory:/docker/abc/jobs", "node")),
    "/sys/fs/cgroup/memory/jobs/node=memory",
  );
});

it("a group of version 2 lies at the top", () => {
  const mounts = mount("/sys/fs/cgroup", "cgroup2", "rw,nsdelegate");
  const groups = deriveControlGroups(mounts, "0::/user.slice/session.scope", "node");
  assert.equal(groupFolders(groups), "/sys/fs/cgroup/node=cgroup2");
});
