/**
 * Owns: asking the person at the terminal whether something is to be done. Whatever is not a yes is a no.
 */
import { createInterface } from "node:readline/promises";

/** On stderr, for results go to stdout. */
export async function askPerson(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      // Ctrl-D and Ctrl-C.
      lines.once("close", () => resolve(false));
      lines.question(`${question} [y/N] `).then((answer) => resolve(/^y(es)?$/i.test(answer.trim())), reject);
    });
  } finally {
    lines.close();
  }
}
