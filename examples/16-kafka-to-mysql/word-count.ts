/** What the sinks of this example write, and how. */
export type WordCount = { readonly word: string; readonly count: number };

/** A row that is written twice, or not at all, can be told: in the end each word's `writes` is its `count`. */
export const sql =
  "insert into t_wordcount (word, count, writes) values (?, ?, 1) " +
  "on duplicate key update count = values(count), writes = writes + 1";

export const valuesOf = ({ word, count }: WordCount): readonly [string, number] => [word, count];
