/** Owns: programs that every Linux has: they are taken from the PATH, and never built. */
import type { Binary } from "./part.ts";

export function systemBinary(command: string, debianPackage: string): Binary {
  return {
    command,
    version: "system",
    build: async () => {
      throw new Error(`there is no ${command} on the PATH: install it (Debian package ${debianPackage})`);
    },
  };
}
