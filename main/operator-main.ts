/**
 * Owns: the entry of an operator's own process: a controller against an API server by URL.
 *
 * OM1 Settings come in variables: STREAMJOB_API_URL, STREAMJOB_API_TOKEN, and STREAMJOB_OPERATOR with JSON (`operatorSettingsSchema`).
 *     What cannot be read ends it with `exitCodes.refused`, after saying what is wrong.
 * OM2 SIGTERM and SIGINT end it as a controller ends: nothing is written after that, the lease is given back. Jobs run on.
 * OM3 It may be killed, stopped and woken at any moment: what it was doing is in the status of each StreamJob.
 */
import { enableCompileCache } from "node:module";

enableCompileCache();
const { runOperator } = await import("./operator-process.ts");
await runOperator();
