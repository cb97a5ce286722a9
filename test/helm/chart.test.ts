/**
 * The chart's templates: what they give for a handful of values, with Helm 3 and Helm 4 alike, and which values they refuse.
 *
 * The files of expected/ are written anew by `STREAMJOB_WRITE_EXPECTED=1 node --test test/helm/chart.test.ts`; then read the difference.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { definitionFiles } from "../../crds/index.ts";
import { helm3Binary, helm4Binary, testBinary } from "../environment/index.ts";
import { chartFolder, type HelmAnswer, oneOf, type Rendered, renderChart, runHelm } from "./chart.ts";

const helm3 = await testBinary(helm3Binary);
const helm4 = await testBinary(helm4Binary);
const skip = helm3.skip === false ? helm4.skip : helm3.skip;
type Rule = {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

const expectedFolder = fileURLToPath(new URL("./expected/", import.meta.url));
const isWriting = process.env["STREAMJOB_WRITE_EXPECTED"] === "1";

const base = { storageRoot: "s3://bucket/streamjob" };
const metricsFrom = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }];
const cases: Readonly<Record<string, object>> = {
  default: { ...base, crds: { install: false } },
  "listed-namespaces": {
    ...base,
    crds: { install: false },
    watchNamespaces: ["shop", "games", "shop"],
    networkPolicy: { operator: { metricsFrom }, jobs: { enabled: true, metricsFrom } },
    metrics: { podMonitor: { enabled: true }, jobPodMonitor: { enabled: true } },
  },
  "one-replica-and-own-account": {
    ...base,
    crds: { install: false },
    replicas: 1,
    serviceAccount: { create: false, name: "made-elsewhere" },
    rbac: { create: false, aggregateToUserRoles: false },
    metrics: { service: { enabled: false } },
    networkPolicy: { operator: { enabled: false } },
  },
  everything: {
    ...base,
    crds: { install: false },
    image: { repository: "example.org/streamjob", digest: `sha256:${"0".repeat(64)}`, pullPolicy: "Always" },
    imagePullSecrets: [{ name: "registry" }],
    defaultJobImage: "example.org/job:1",
    savepointPrefixes: ["s3://bucket/saves", "/state/saves"],
    replicas: 3,
    logLevel: "debug",
    extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
    resources: { limits: { memory: "1Gi" } },
    terminationGracePeriodSeconds: 60,
    serviceAccount: { name: "jobs-operator", annotations: { "example.org/role": "operator" } },
    podLabels: { team: "streams" },
    podAnnotations: { "example.org/note": "a" },
    commonLabels: { "example.org/cost": "7" },
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ key: "dedicated", operator: "Exists" }],
    affinity: { nodeAffinity: {} },
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }],
    priorityClassName: "high",
    metrics: {
      podMonitor: { enabled: true, interval: "15s", labels: { release: "prometheus" } },
      jobPodMonitor: { enabled: true, interval: "15s", labels: { release: "prometheus" } },
      rules: { enabled: true, labels: { release: "prometheus" } },
    },
    rest: { enabled: true, audiences: ["streamjob.dev", "https://issuer.example.org"], names: ["jobs.example.org"] },
    networkPolicy: {
      operator: { apiServerPorts: [8443], restFrom: [{ namespaceSelector: { matchLabels: { people: "yes" } } }] },
      jobs: {
        enabled: true,
        namespaces: ["shop"],
        egress: [{ ports: [{ port: 9000 }] }],
        restFrom: [{ podSelector: { matchLabels: { app: "dashboard" } } }],
      },
    },
    fullnameOverride: "streams",
  },
};

/** In an order of their own: Helm 3 and Helm 4 need not agree on it. */
function sorted(objects: readonly Rendered[]): Rendered[] {
  const key = ({ kind, metadata }: Rendered): string => `${kind} ${metadata.namespace} ${metadata.name}`;
  return objects.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const textOf = (objects: readonly Rendered[]): string =>
  sorted(objects)
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join("---\n");

const template = (helm: string, values: object): Promise<HelmAnswer> =>
  runHelm(helm, ["template", "sj", chartFolder], values);

describe("the chart", { skip }, () => {
  for (const [name, values] of Object.entries(cases)) {
    it(`gives what is expected, with Helm 3 and Helm 4: ${name}`, async () => {
      const release = { name: "sj", namespace: "ops", values };
      const [three, four] = await Promise.all([renderChart(helm3.path(), release), renderChart(helm4.path(), release)]);
      assert.equal(textOf(three), textOf(four));
      const path = join(expectedFolder, `${name}.yaml`);
      if (isWriting) writeFileSync(path, textOf(four));
      assert.equal(textOf(four), readFileSync(path, "utf8"));
    });
  }

  for (const helm of [helm3, helm4]) {
    const lint = (values: object): Promise<HelmAnswer> =>
      runHelm(helm.path(), ["lint", "--strict", chartFolder], values);

    it(`passes lint: ${helm.name}`, async () => {
      for (const values of [{}, ...Object.values(cases)]) {
        const { code, stdout, stderr } = await lint(values);
        assert.equal(code, 0, stdout + stderr);
      }
    });

    it(`refuses values that it does not know, and says which: ${helm.name}`, async () => {
      for (const [values, word] of [
        [{ ...base, replica: 3 }, "replica"],
        [{ ...base, metrics: { rules: { on: true } } }, "on"],
        [{ ...base, replicas: 0 }, "replicas"],
        [{ ...base, watchNamespaces: ["Shop"] }, "watchNamespaces"],
        [{ ...base, storageRoot: "bucket" }, "storageRoot"],
        [{ ...base, savepointPrefixes: ["bucket/saves"] }, "savepointPrefixes"],
      ] as const) {
        const { code, stderr } = await template(helm.path(), values);
        assert.notEqual(code, 0, JSON.stringify(values));
        assert.match(stderr, new RegExp(word));
      }
    });

    it(`says what to set where it cannot choose itself: ${helm.name}`, async () => {
      assert.match((await template(helm.path(), {})).stderr, /storageRoot: set where .* --set storageRoot=s3:/);
      const jobs = { ...base, networkPolicy: { jobs: { enabled: true } } };
      assert.match((await template(helm.path(), jobs)).stderr, /networkPolicy\.jobs\.namespaces: list the namespaces/);
    });
  }

  it("has the definitions as they are in crds/generated, kept at uninstall unless told otherwise", async () => {
    for (const [keep, policy] of [
      [true, "keep"],
      [false, undefined],
    ] as const) {
      const release = { name: "sj", namespace: "ops", values: { ...base, crds: { keep } } };
      const all = await renderChart(helm4.path(), release);
      const objects = all.filter(({ kind }) => kind === "CustomResourceDefinition");
      // Looked at before an uninstall that takes them away.
      assert.equal(all.filter(({ kind }) => kind === "Job").length, keep ? 0 : 1);
      assert.equal(objects.length, Object.keys(definitionFiles()).length);
      for (const { metadata } of objects) assert.equal(metadata.annotations?.["helm.sh/resource-policy"], policy);
    }
    for (const [name, text] of Object.entries(definitionFiles()))
      assert.equal(readFileSync(join(chartFolder, "files/crds", name), "utf8"), text, name);
  });

  it("SEC-9: with the endpoint for people grants reviews and its one ConfigMap more, and without it neither port nor Service", async () => {
    const rendered = (values: object): Promise<Rendered[]> =>
      renderChart(helm4.path(), {
        name: "sj",
        namespace: "ops",
        values: { ...base, watchNamespaces: ["shop"], ...values },
      });
    const key = ({ kind, metadata }: Rendered): string => `${kind} ${metadata.namespace ?? ""} ${metadata.name}`;
    const [without, withRest] = await Promise.all([rendered({}), rendered({ rest: { enabled: true } })]);
    const before = new Set(without.map(key));
    const more = withRest.filter((object) => !before.has(key(object)));
    assert.deepEqual(more.map(key).toSorted(), [
      "ClusterRole  ops:sj-streamjob-operator-rest",
      "ClusterRoleBinding  ops:sj-streamjob-operator-rest",
      "Role ops sj-streamjob-operator-rest",
      "Role ops sj-streamjob-operator-rest-ca-reader",
      "RoleBinding ops sj-streamjob-operator-rest",
      "RoleBinding ops sj-streamjob-operator-rest-ca-reader",
      "Service ops sj-streamjob-operator-rest",
    ]);
    const ofReviews = oneOf(more, "ClusterRole")["rules"] as readonly Rule[];
    assert.deepEqual(
      ofReviews.map(({ resources, verbs }) => ({ resources, verbs })),
      [
        { resources: ["tokenreviews"], verbs: ["create"] },
        { resources: ["subjectaccessreviews"], verbs: ["create"] },
      ],
    );
    assert.ok(!JSON.stringify(without).includes("8443"));
  });

  it("grants no wildcard; of Secrets it reads its root alone, by name, and writes those of jobs; of Leases its own name", async () => {
    for (const values of [base, { ...base, watchNamespaces: ["shop"] }]) {
      const objects = await renderChart(helm4.path(), { name: "sj", namespace: "ops", values });
      const roles = objects.filter(({ kind }) => kind === "Role" || kind === "ClusterRole");
      assert.equal(
        roles.some(({ kind, metadata }) => kind === "ClusterRole" && !/-(view|edit)$/.test(metadata.name)),
        !("watchNamespaces" in values),
      );
      for (const role of roles) {
        const text = JSON.stringify(role["rules"]);
        for (const word of ["*", "pods/exec", "bind", "escalate", "impersonate"])
          assert.ok(!text.includes(`"${word}"`), `${role.metadata.name} has ${word}`);
      }
      const ofSecrets = roles.flatMap((role) =>
        (role["rules"] as readonly Rule[]).filter(({ resources }) => resources.includes("secrets")),
      );
      const readers = ofSecrets.filter(({ verbs }) => verbs.some((verb) => !["create", "patch"].includes(verb)));
      assert.deepEqual(
        readers.map(({ verbs, resourceNames }) => ({ verbs, resourceNames })),
        [{ verbs: ["get"], resourceNames: ["sj-streamjob-operator-root"] }],
      );
      const [named] = oneOf(objects, "Role", "-election")["rules"] as [{ readonly resourceNames: readonly string[] }];
      const { data } = oneOf(objects, "ConfigMap") as unknown as { readonly data: Readonly<Record<string, string>> };
      const settings = JSON.parse(data["settings.json"] ?? "") as {
        readonly election: { readonly lease: { readonly name: string } };
        readonly rootSecret: { readonly namespace: string; readonly name: string };
      };
      assert.deepEqual(settings.rootSecret, { namespace: "ops", name: "sj-streamjob-operator-root" });
      assert.deepEqual(named.resourceNames, [settings.election.lease.name]);
    }
  });
});
