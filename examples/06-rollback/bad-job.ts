/** The same job with a mistake: it trips over a word that it does not know. It loads, accepts the state, and fails at its first verse. */
import { job } from "streamjob";
import { countWords } from "./words.ts";

const known = new Map([
  ["to", "to"],
  ["be", "be"],
]);

export default job((env) =>
  countWords(env, (verse) =>
    verse.split(" ").map((word) => {
      const found = known.get(word);
      if (found === undefined) throw new Error(`the word "${word}" is not in the dictionary`);
      return found;
    }),
  ),
);
