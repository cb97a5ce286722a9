/**
 * Owns: programs for test files: found or built once, and what is said where one cannot be had (ETP1, as for parts).
 *
 *   const helm = await testBinary(helm3Binary);              // at the top of a test file
 *   describe("…", { skip: helm.skip }, () => { … helm.path() … });
 */
import { binaryVariable, findBinary } from "./binary.ts";
import { isInCi } from "./ci.ts";
import type { Binary } from "./part.ts";

export type TestBinary = {
  readonly name: string;
  /** For the option `skip` of node:test: false, or why. */
  readonly skip: false | string;
  /** Only where it is not skipped. */
  path(): string;
};

/** Errors, in CI: the program cannot be had. */
export async function testBinary(binary: Binary): Promise<TestBinary> {
  try {
    const path = await findBinary(binary, (line) => process.stderr.write(`environment: ${line}\n`));
    return { name: binary.command, skip: false, path: () => path };
  } catch (error) {
    if (isInCi()) throw error;
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0];
    const skip = `no ${binary.command}: ${reason}. Install Go, or name the program in ${binaryVariable(binary.command)}`;
    process.stderr.write(`tests left out: ${process.argv[1] ?? "these"}: ${skip}\n`);
    return {
      name: binary.command,
      skip,
      path: () => {
        throw error;
      },
    };
  }
}
