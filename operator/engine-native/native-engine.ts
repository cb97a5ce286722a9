/** Owns: our engine as a value of the port `Engine`. */
import type { Engine } from "../engine/index.ts";
import { incarnationChildren } from "./incarnation-children.ts";
import { storeUriIn } from "./incarnation-config.ts";

export const nativeEngine: Engine = {
  children: incarnationChildren,
  storeUriIn,
  canStandBy: true,
  canPreflight: true,
};
