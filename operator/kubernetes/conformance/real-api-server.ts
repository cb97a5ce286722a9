/**
 * Owns: the contract of an API server, held against a real one. Started by `npm run contract`, which says where that is.
 */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { environmentVariable } from "../../../base/index.ts";
import { describeKubernetesApi } from "./api-conformance.ts";
import { type ClusterAccess, ClusterAdmin } from "./cluster-admin.ts";

type Settings = ClusterAccess & { readonly collectsGarbage: boolean };

const told = environmentVariable("STREAMJOB_CONTRACT");
assert.ok(told !== undefined, "STREAMJOB_CONTRACT is not set: run `npm run contract`");
const settings = JSON.parse(told) as Settings;
const admin = new ClusterAdmin(settings);

before(() => admin.installDefinitions());
after(() => admin.close());

describeKubernetesApi(`the API server at ${settings.url}`, () => admin.open(), settings);
