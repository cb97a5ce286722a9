/**
 * counted-words.ts as somebody broke it. The graph and the uids are the same, and what it writes before its trouble is right.
 *
 *   -- <options of counted-words> --trouble <schema | at-once | while:<file> | every:<records>>
 *
 * schema: the counts are text, so the state does not fit. at-once: throws at the first record. while: throws as long as the file is
 * there. every: throws each time that so many records have passed; it runs in between.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { job, t } from "streamjob";
import { filesSink } from "streamjob/connectors/files";
import { wordOf } from "../../integration/jobs/word-count.ts";
import { pacedSource } from "./paced-source.ts";

const WordCount = t.record({ word: t.string, count: t.int64 });
const WordText = t.record({ word: t.string, count: t.string });
const LOOK_EVERY = 8;

/** Called with each record. */
function troubleOf(trouble: string): () => void {
  const [kind = "", detail = ""] = trouble.split(/:(.*)/s);
  let seen = 0;
  switch (kind) {
    case "schema":
      return () => {};
    case "at-once":
      return () => {
        throw new Error("this version is broken");
      };
    case "while":
      return () => {
        if (seen++ % LOOK_EVERY === 0 && existsSync(detail)) throw new Error("this version broke later");
      };
    case "every":
      return () => {
        seen++;
        if (seen < Number(detail)) return;
        seen = 0;
        throw new Error("this version breaks again and again");
      };
    default:
      throw new Error(`there is no trouble ${trouble}`);
  }
}

export default job((env) => {
  const { values } = parseArgs({
    args: [...env.args],
    options: {
      count: { type: "string", default: "1000" },
      rate: { type: "string", default: "1000" },
      words: { type: "string", default: "50" },
      output: { type: "string", default: "output" },
      hurry: { type: "string", default: "hurry" },
      trouble: { type: "string", default: "at-once" },
    },
  });
  const words = Number(values.words);
  const trouble = troubleOf(values.trouble);
  env.configure({ name: "counted-words" });
  const source = env.fromSource(
    pacedSource({
      generate: (index) => wordOf(index, words),
      type: t.string,
      count: Number(values.count),
      ratePerSecond: Number(values.rate),
      hurryFile: values.hurry,
    }),
    { uid: "words" },
  );
  const lines =
    values.trouble === "schema"
      ? source
          .map((word) => ({ word, count: "1" }), { uid: "ones", type: WordText })
          .keyBy("word")
          .reduce((sum, one) => ({ word: sum.word, count: `${sum.count}${one.count}` }), { uid: "counts" })
          .map(({ word, count }) => `${word} ${count.length}`, { uid: "lines", type: t.string })
      : source
          .map(
            (word) => {
              trouble();
              return { word, count: 1 };
            },
            { uid: "ones", type: WordCount },
          )
          .keyBy("word")
          .reduce((sum, one) => ({ word: sum.word, count: sum.count + one.count }), { uid: "counts" })
          .map(({ word, count }) => `${word} ${count}`, { uid: "lines", type: t.string });
  lines.sinkTo(filesSink({ directory: values.output }), { uid: "files" });
});
