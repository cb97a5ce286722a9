/**
 * Our definitions at a real API server: it takes them, the YAML that people apply too, and decides by them as our own validation does.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { parse } from "yaml";
import { systemClock, systemRandom } from "../../base/index.ts";
import { definitionFiles, validateStreamJob } from "../../crds/index.ts";
import { fullJob, smallJob } from "../../crds/manifest-examples.test-support.ts";
import { randomJob } from "../../crds/random-jobs.test-support.ts";
import { openLocalApiServer } from "../../embedded/api-server/index.ts";
import { schemaProblems } from "../../embedded/api-server/schema-check.ts";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, testPart } from "../environment/index.ts";
import { until } from "./until.ts";

const server = await testPart(apiServerPart);
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const generated = fileURLToPath(new URL("../../crds/generated", import.meta.url));
const INVALID = 422;
const NOT_FOUND = 404;
/** Every other one is wrong. */
const schedules = [
  "*/15 * * * *",
  "*/60 * * * *",
  "0,30 0-6,22-23 1,15 JAN-MAR mon-fri",
  "60 * * * *",
  "0 3 15W,L * 5L",
  "* * 1,LW * *",
  "0 3 LW * *",
  "* * * * MONDAY",
  "59 23 31 12 7",
  "* * * *",
  "05 03 01 01 *",
  "1,,2 * * * *",
];

type Answer = { readonly kind: string; readonly message?: string; readonly spec?: unknown };

/** Without members that are null, as a server stores an object: no field of ours may be null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

describe("our definitions at a real API server", { skip: server.skip }, () => {
  let admin: ClusterAdmin;
  let namespace: string;

  /** What the server would store of a new object, or why it refuses it. Nothing is stored. */
  async function answerOf(object: object): Promise<Answer> {
    const path = `/apis/streamjob.dev/v1alpha1/namespaces/${namespace}/streamjobs?dryRun=All`;
    return (await admin.ask("POST", path, object, [INVALID])) as Answer;
  }

  const inNamespace = <T extends { metadata?: unknown }>(object: T): T => ({
    ...object,
    metadata: { ...(object.metadata as object), namespace },
  });

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("definitions");
  });
  after(() => admin.close());

  for (const name of Object.keys(definitionFiles())) {
    it(`are taken as they lie in crds/generated: ${name}`, async () => {
      const definition = parse(await readFile(`${generated}/${name}`, "utf8")) as { metadata: { name: string } };
      const path = `${DEFINITIONS}/${definition.metadata.name}?fieldManager=kubectl&force=true&fieldValidation=Strict&dryRun=All`;
      await admin.ask("PATCH", path, definition);
    });
  }

  it("take a StreamJob in which every field is set", async () => {
    assert.equal((await answerOf(inNamespace(fullJob()))).message, undefined);
  });

  it("could have no enum that is null: a server takes that for none, and the embedded one knows (SC1)", async () => {
    const choice = { type: "string", nullable: true, enum: ["a", "b"] } as const;
    const openAPIV3Schema = { type: "object", properties: { choice } } as const;
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "choices.test.streamjob.dev" },
      spec: {
        group: "test.streamjob.dev",
        scope: "Namespaced",
        names: { kind: "Choice", listKind: "ChoiceList", plural: "choices", singular: "choice" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
      },
    };
    const path = `${DEFINITIONS}/${definition.metadata.name}`;
    await admin.ask("PATCH", `${path}?fieldManager=test&force=true`, definition);
    try {
      await until("the kind is served", async () => {
        const { status } = (await admin.ask("GET", path)) as {
          readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
        };
        return status?.conditions?.some((one) => one.type === "Established" && one.status === "True") === true;
      });
      for (const value of ["a", null, "c"]) {
        const object = { apiVersion: "test.streamjob.dev/v1", kind: "Choice", metadata: { name: "x" }, choice: value };
        const choices = `/apis/test.streamjob.dev/v1/namespaces/${namespace}/choices?dryRun=All`;
        const answer = (await admin.ask("POST", choices, object, [INVALID])) as Answer;
        const [problem] = schemaProblems({ choice: value }, openAPIV3Schema, undefined, "");
        const ours = problem === undefined ? undefined : `${problem.field}: ${problem.message}`;
        assert.equal(answer.message?.slice(answer.message.indexOf("choice: ")), ours);
      }
    } finally {
      await admin.ask("DELETE", path, undefined, [NOT_FOUND]);
    }
  });

  it("take and refuse schedules as our own validation does", async () => {
    for (const schedule of schedules) {
      const object = inNamespace(smallJob({ savepoints: { schedule } }));
      const ours = validateStreamJob(object).kind;
      const { message } = await answerOf(object);
      assert.equal(message === undefined ? "valid" : "invalid", ours, `"${schedule}": ${message}`);
    }
  });

  it("take and refuse what our own validation takes and refuses, and keep what the embedded server keeps", async () => {
    const embedded = await openLocalApiServer({ clock: systemClock, random: systemRandom });
    const seen = { valid: 0, invalid: 0 };
    const property = fc.asyncProperty(randomJob, async (given) => {
      const object = inNamespace(given);
      const answer = await answerOf(object);
      const validated = validateStreamJob(withoutNulls(object));
      const ours = validated.kind === "invalid" ? JSON.stringify(validated.issues) : "valid";
      const theirs = answer.kind === "Status" ? answer.message : "valid";
      assert.equal(theirs === "valid", validated.kind === "valid", `ours: ${ours}; the server's: ${theirs}`);
      seen[validated.kind]++;
      if (validated.kind === "invalid")
        await assert.rejects(embedded.create("StreamJob", object), (error) => isApiError(error, "Invalid"));
      else {
        const { metadata, spec } = await embedded.create("StreamJob", object);
        assert.deepEqual(spec, answer.spec);
        await embedded.delete("StreamJob", { namespace, name: metadata.name });
      }
    });
    try {
      await fc.assert(property, { numRuns: 300 });
    } finally {
      await embedded.close();
    }
    assert.ok(seen.valid > 80 && seen.invalid > 80, `too few of one kind to say anything: ${JSON.stringify(seen)}`);
  });
});
