/**
 * Owns: parts for test files: started once for the file, stopped when it ends, and what is said where one cannot be had.
 *
 *   const minio = await testPart(minioPart);                 // at the top of a test file
 *   describe("…", { skip: minio.skip }, () => { … minio.gives().endpoint … });
 *
 * ETP1 What cannot be had is an error in CI; for a person the tests are skipped, and one line says which and how to get them.
 */
import { after } from "node:test";
import { binaryVariable } from "./binary.ts";
import { isInCi } from "./ci.ts";
import { Environment, type RunningPart } from "./environment.ts";
import type { Part } from "./part.ts";

export type TestPart<Gives> = {
  /** For the option `skip` of node:test: false, or why. */
  readonly skip: false | string;
  /** Only where it is not skipped. */
  gives(): Gives;
};

type TestServer<Gives> = TestPart<Gives> & {
  /** For failures on purpose (control.ts); only where it is not skipped, and of those that we started. */
  running(): RunningPart;
};

type Needs = {
  /** One that nobody else uses, with what it needs, since the file breaks it. */
  readonly isOwn?: boolean;
};

const tell = (line: string): void => void process.stderr.write(`environment: ${line}\n`);
const environments = { used: new Environment({ tell }), own: new Environment({ tell, isAlone: true }) };
after(async () => {
  for (const environment of Object.values(environments)) await environment.stop();
});

/** Errors, in CI: the part cannot be had (ETP1). */
export async function testPart<Gives>(part: Part<Gives>, { isOwn = false }: Needs = {}): Promise<TestServer<Gives>> {
  const environment = isOwn ? environments.own : environments.used;
  try {
    const gives = await environment.start(part);
    const running = (): RunningPart => {
      const found = environment.running()[part.name];
      if (found === undefined) throw new Error(`the server of ${part.name} is not one of ours`);
      return found;
    };
    return { skip: false, gives: () => gives, running };
  } catch (error) {
    if (isInCi()) throw error;
    const running = part.address === undefined ? "" : `, or a running one in ${part.address.variable}`;
    const skip = `no ${part.name}: ${firstLine(error)}. Install Go, or name the program in ${binaryVariable(part.binary.command)}${running}`;
    process.stderr.write(`tests left out: ${process.argv[1] ?? "these"}: ${skip}\n`);
    const fail = (): never => {
      throw error;
    };
    return { skip, gives: fail, running: fail };
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] as string;
