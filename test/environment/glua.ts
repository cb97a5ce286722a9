/** Owns: the program glua, the Lua that is built into Argo CD: its health scripts are run by what runs them there. */
import { goBinary } from "./go-install.ts";
import { pins } from "./pins.ts";

export const gluaBinary = goBinary("glua", pins.glua, "10 s");
