/**
 * Owns: the job of one statement of a person at the shell: a module that processes load by its path, as they load any other.
 * Called by: cli/sql, with the script's path and the folder that its functions' paths begin at.
 */
import { readFile } from "node:fs/promises";
import { StreamError } from "../../base/index.ts";
import { job } from "../api/index.ts";
import { queryJob } from "../table/engine.ts";
import { modulesBeside } from "./load.ts";

export default job(async (env) => {
  const [script, folder] = env.args;
  if (script === undefined || folder === undefined)
    throw new StreamError("JOB_GRAPH_INVALID", "the arguments are the path of the script, and a folder", {
      destiny: "terminal",
    });
  await queryJob(await readFile(script, "utf8"), "sql", modulesBeside(folder)).build(env);
});
