/** Room `operator/controller`: watches StreamJobs and what belongs to them, and has each looked at, decided upon and acted upon. */
export { type Controller, startController } from "./controller.ts";
export type { ControllerOptions, ElectionOptions } from "./controller-options.ts";
