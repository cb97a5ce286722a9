/** Owns: our engine as a value of the port `Engine`. */
import type { Engine } from "../engine/index.ts";
import { incarnationChildren, storeUriIn } from "./incarnation-children.ts";

export const nativeEngine: Engine = {
  children: incarnationChildren,
  storeUriIn,
  canStandBy: true,
  canPreflight: true,
};
