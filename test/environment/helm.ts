/** Owns: the programs Helm 3 and Helm 4, side by side: what a chart promises is held against both. */
import { goBinary } from "./go-install.ts";
import type { Binary } from "./part.ts";
import { pins } from "./pins.ts";

/** A `helm` on the PATH is not asked: its version says whether it is the one that is meant. */
const helm = (command: "helm3" | "helm4"): Binary => ({
  ...goBinary(command, pins[command], "3 minutes on two cores"),
  mayBeOnPath: false,
});

export const helm3Binary = helm("helm3");
export const helm4Binary = helm("helm4");
