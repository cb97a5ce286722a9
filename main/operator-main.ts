/**
 * Owns: the entry of an operator's own process: a controller against the API server of a kubeconfig, or of the pod that it runs in.
 *
 * OM1 Settings come in variables: KUBECONFIG, and STREAMJOB_OPERATOR with JSON (`operatorSettingsSchema`). Without KUBECONFIG the pod's
 *     service account says where the API server is and who the operator is. What cannot be read ends it with `exitCodes.refused`, after saying what is wrong.
 * OM2 SIGTERM and SIGINT end it as a controller ends: nothing is written after that, the lease is given back. Jobs run on.
 * OM3 It may be killed, stopped and woken at any moment: what it was doing is in the status of each StreamJob.
 */
import { enableCompileCache } from "node:module";
import { hastenImports } from "../base/starting.ts";

enableCompileCache();
hastenImports();
const { runOperator } = await import("./operator-process.ts");
await runOperator();
