/**
 * Owns: what a part of the environment is: a real server that tests speak to.
 * Does not own: which parts there are (parts.ts), getting binaries (binary.ts), starting and stopping (environment.ts).
 */

/** Something that is told to a person who waits. */
export type Tell = (line: string) => void;

/** One program, and how it is had where nobody has it yet. */
export type Binary = {
  /** Name of the file, and of the command on the PATH. */
  readonly command: string;
  /** What it is built from: changes whenever another one is wanted. Part of the cache's folder. */
  readonly version: string;
  /** Puts `command` into `folder`, which is there and empty, and is called `home` when all is in it. Errors: any; its message is shown. */
  readonly build: (folder: string, tell: Tell, home: string) => Promise<void>;
  /** Whether a `command` on the PATH may be used, whatever its version is. Default true. */
  readonly mayBeOnPath?: boolean;
};

/** Where one server is to run. */
export type Place = {
  /** Path of the part's program. */
  readonly binary: string;
  /** A folder of its own; it goes when the server does. */
  readonly folder: string;
  /** A port of 127.0.0.1 that nobody listens on. */
  freePort(): Promise<number>;
  /** Another part of the same environment, started where it does not run yet. */
  need<Gives>(part: Part<Gives>): Promise<Gives>;
  /** Path of another program. */
  program(binary: Binary): Promise<string>;
};

export type Launch<Gives> = {
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Run once the server has ended, one after the other, before its folder goes: each a program and its arguments. */
  readonly afterwards?: readonly (readonly string[])[];
  readonly gives: Gives;
};

/** `Gives`: what others need to use it, such as an endpoint and credentials; plain JSON. */
export type Part<Gives = unknown> = {
  readonly name: string;
  /** The environment variable that says where one runs already; then none is started. Without it: it always is one of ours. */
  readonly address?: { readonly variable: string; parse(text: string): Gives };
  readonly binary: Binary;
  /** More programs that it runs, so that `env up` can have them before anything is started. */
  readonly programs?: readonly Binary[];
  /** Throws where it could never run, so that nothing is built for it. */
  assertPossible?(): void;
  launch(place: Place): Promise<Launch<Gives>>;
  /** What a person is told of it, in a few words; without it: all that it gives. */
  summary?(gives: Gives): string;
  /** Resolves when it serves; until then it throws. */
  check(gives: Gives): Promise<void>;
};
