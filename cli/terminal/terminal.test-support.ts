/** Owns: a terminal of tests, which keeps what is written to it. */
import pc from "picocolors";
import { systemClock, systemRandom } from "../../base/index.ts";
import type { Terminal } from "./terminal.ts";

/** Without colors; stdout is read, and is no terminal. Lines go into the lists, which may be one. `changes`: what is otherwise. */
export function testTerminal(out: string[], said: string[], changes: Partial<Terminal> = {}): Terminal {
  return {
    out: (line) => void out.push(line),
    say: (line) => void said.push(line),
    whenUnread: new Promise(() => undefined),
    columns: null,
    colors: pc.createColors(false),
    clock: systemClock,
    random: systemRandom,
    ...changes,
  };
}
