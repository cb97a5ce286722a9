/**
 * SEC-3: the rights that the chart gives to the operator are those that it uses, no more and no less: as the chart's service account it lives
 * the whole life of a StreamJob at a real API server, undisturbed and with every answer lost once, and the audit log has every call of it.
 *
 * A right that no call used is one to take from the chart; a call that was denied is a right that is missing.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { silentLog, systemRandom } from "../../base/index.ts";
import type { ControllerRevision } from "../../operator/kubernetes/api/index.ts";
import { openJobAuthority } from "../../operator/certificates/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { alreadyThere, conflicts, faultAtEach } from "../chaos/operator/troubles.ts";
import { type Interference, nothing, together } from "../chaos/operator/interference.ts";
import { JOB } from "../chaos/operator/journey.ts";
import { LifeRun } from "../chaos/operator/life.ts";
import { openWorld, type World } from "../chaos/operator/world.ts";
import { apiServerPart, controllerManagerPart, helm4Binary, testBinary, testPart } from "../environment/index.ts";
import { renderChart } from "../helm/chart.ts";
import { type AuditedRequest, requestsOf } from "./audit-log.ts";
import { grantAccess, mayList, type OperatorAccess } from "./operator-access.ts";
import { until } from "./until.ts";

const server = await testPart(apiServerPart);
const manager = await testPart(controllerManagerPart);
const helm = await testBinary(helm4Binary);
const skip = [server, manager, helm].find((one) => one.skip !== false)?.skip ?? false;

const NAME = "streamjob-operator";
/** More than are kept of those that nothing names. */
const IDLE_REVISIONS = 16;

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

/** `verb group/resource`. */
async function grantsOf(namespace: string, watched: string): Promise<Set<string>> {
  const values = { storageRoot: "file:///state", watchNamespaces: [watched] };
  const objects = await renderChart(helm.path(), { name: NAME, namespace, values });
  const bound = new Set<string>();
  for (const { kind, ...object } of objects) {
    const { roleRef, subjects } = object as unknown as Record<"roleRef" | "subjects", unknown>;
    if (!/^(Cluster)?RoleBinding$/.test(kind) || !JSON.stringify(subjects).includes(`"name":"${NAME}"`)) continue;
    bound.add((roleRef as { readonly name: string }).name);
  }
  const roles = objects.filter(({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && bound.has(metadata.name));
  const rules = roles.flatMap((role) => role["rules"] as readonly Rule[]);
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    ),
  );
}

/** What made an object by applying it had to have both rights. */
function rightsOf({ verb, group, resource, subresource, code }: AuditedRequest): readonly string[] {
  const what = `${group}/${resource}${subresource === "" ? "" : `/${subresource}`}`;
  return verb === "patch" && code === 201 ? [`patch ${what}`, `create ${what}`] : [`${verb} ${what}`];
}

/** What is created is another one's. */
const withoutCreations = (one: Interference): Interference => ({
  ...one,
  onMutation: (mutation) => (mutation.startsWith("create ") ? null : (one.onMutation?.(mutation) ?? null)),
});

/** Revisions that nothing names: some of them go. */
async function addRevisions({ api, namespace }: World): Promise<void> {
  const { items } = await api.list("ControllerRevision", { namespace });
  const known = items.find(({ metadata: { ownerReferences = [] } }) => ownerReferences[0]?.kind === "StreamJob");
  assert.ok(known !== undefined);
  const { labels, ownerReferences } = known.metadata;
  for (let index = 0; index < IDLE_REVISIONS; index++) {
    const metadata = {
      name: `${JOB}-idle${index}`,
      namespace,
      labels,
      ownerReferences,
    } as ControllerRevision["metadata"];
    await api.create("ControllerRevision", { ...known, metadata, revision: 100 + index });
  }
}

describe("the operator's rights, by the audit log of a StreamJob's whole life", { skip }, () => {
  let admin: ClusterAdmin;
  let used: Set<string>;
  let denied: readonly AuditedRequest[];
  let granted: Set<string>;

  before(async () => {
    const { url, ca, tokens, auditLogPath } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    used = new Set();
    const all: AuditedRequest[] = [];
    const disturbances: readonly Interference[] = [
      nothing,
      together([alreadyThere(), withoutCreations(faultAtEach("response lost"))]),
      // Who is refused a status reads again what it is about.
      conflicts(1),
    ];
    for (const interference of disturbances) {
      const world = await openWorld({ url, ca, token: tokens.admin });
      const own = await admin.makeNamespace("operator");
      const place = { namespace: own, watchNamespaces: [world.namespace] };
      granted = await grantsOf(own, world.namespace);
      const access = await grantAccess(helm.path(), admin, place);
      const before = await rightsCount(access, own, world.namespace);
      const rootKey = { namespace: own, name: `${NAME}-root` };
      const api = admin.api(access.token);
      const authority = await openJobAuthority(api, rootKey, systemRandom);
      api.close();
      const operator: World["operator"] = {
        certificates: { authority, policy: { lifetimeMs: 80_000, renewEveryMs: 40_000 } },
        election: { lease: { namespace: own, name: NAME } },
      };
      const life = new LifeRun({ ...world, token: access.token, operator }, interference, silentLog);
      const onDeployed = { stage: "deployed", act: () => addRevisions(world) };
      try {
        await life.live(null, onDeployed);
      } finally {
        await world.close();
      }
      all.push(...(await requestsOf(access.user, auditLogPath)).slice(before));
    }
    for (const request of all) for (const right of rightsOf(request)) used.add(right);
    denied = all.filter(({ code }) => code === 401 || code === 403);
  });

  after(() => admin.close());

  /** Waits until the roles count; how many requests that took. */
  async function rightsCount(access: OperatorAccess, own: string, watched: string): Promise<number> {
    const api = admin.api(access.token);
    try {
      await until("the role counts", () => mayList(api, watched));
      await until("the roles of its own namespace count", async () => {
        const reads = [
          api.get("Secret", { namespace: own, name: `${NAME}-root` }),
          api.get("Lease", { namespace: own, name: NAME }),
        ];
        return (await Promise.allSettled(reads)).every(({ status }) => status === "fulfilled");
      });
    } finally {
      api.close();
    }
    return (await requestsOf(access.user, server.gives().auditLogPath)).length;
  }

  it("SEC-3: no call is denied", () => {
    assert.deepEqual(denied, []);
  });

  it("SEC-3: every right is used", () => {
    assert.ok(granted.size > 40, [...granted].join(", "));
    assert.deepEqual(
      [...granted].filter((right) => !used.has(right)),
      [],
    );
  });

  it("SEC-3: the audit log has every call of that life", () => {
    assert.deepEqual(
      [...used].filter((right) => !granted.has(right)),
      [],
    );
  });
});
