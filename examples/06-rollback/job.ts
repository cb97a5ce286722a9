/**
 * Counts the words of a verse that never ends; a line `word count` for each word, in files. The good version of this example.
 *
 *   -- [--rate <verses a second>] [--output <folder>]
 */
import { job } from "streamjob";
import { countWords } from "./words.ts";

export default job((env) => countWords(env, (verse) => verse.split(" ")));
