/** Owns: our engine as a value of the port `Engine`. */
import type { Engine } from "../engine/index.ts";
import { incarnationChildren } from "./incarnation-children.ts";
import { storagePod } from "./storage-pod.ts";
import { configMapOf, storeUriIn } from "./incarnation-config.ts";
import { memoryRefusal } from "./pod-memory.ts";

export const nativeEngine: Engine = {
  children: incarnationChildren,
  storagePod,
  refusal: memoryRefusal,
  storeUriIn,
  configMapOf,
  canStandBy: true,
  canPreflight: true,
};
