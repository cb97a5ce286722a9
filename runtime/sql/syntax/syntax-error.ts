/**
 * Owns: the words of syntax errors: from the place where the grammar stopped to what a person did wrong and what to write.
 *
 * SQLX1 Checks are asked in order, the most telling first; the last one only says what was expected.
 * SQLX2 A reserved word where a name could stand is always explained as one, in any case and spacing, and shown with its backticks.
 */
import { EOF, type IRecognitionException, type IToken, tokenLabel, tokenMatcher } from "chevrotain";
import { editDistance, hasSameLetters } from "../../../base/index.ts";
import type { SqlProblem } from "./problem.ts";
import type { Span } from "./span.ts";
import {
  Comma,
  DecimalLiteral,
  Equal,
  FunctionName,
  IntegerLiteral,
  isReserved,
  k,
  type Keyword,
  LParen,
  Name,
  RParen,
  StringLiteral,
  UnicodeStringLiteral,
  unreadable,
} from "./tokens.ts";

export const unitRemedy = "Write SECOND, MINUTE, HOUR, DAY, MONTH or YEAR.";

/** Where the parser stopped. */
type Stop = {
  readonly tokens: readonly IToken[];
  /** Index of the token that does not fit; behind the last one, where the statement ends too early. */
  readonly index: number;
  readonly found: IToken | undefined;
  readonly previous: IToken | undefined;
  readonly next: IToken | undefined;
  /** Labels of what would fit; empty where the statement could have ended. */
  readonly expected: readonly string[];
  readonly rules: readonly string[];
};

type Check = (stop: Stop) => SqlProblem | null;

const spanOf = ({ startOffset: start, image }: IToken): Span => ({ start, end: start + image.length });
const is = (token: IToken | undefined, ...words: readonly Keyword[]): boolean =>
  token !== undefined && words.some((word) => token.tokenType === k[word]);

const wordList = (text: string): readonly Keyword[] => text.trim().split(/\s+/) as Keyword[];

/** Words that begin a part of a query rather than being meant as a name. ORDER, GROUP and PARTITION do before BY. */
const clauseWords = wordList(`
  SELECT FROM WHERE HAVING UNION INTERSECT EXCEPT JOIN INNER CROSS ON USING AND OR AS WITH INTO THEN ELSE WHEN
  BETWEEN LIKE IN IS NOT EXISTS NULL CASE BY TO INSERT CREATE DROP ALTER VALUES FOR OVER DISTINCT LIMIT
`);
const byWords: readonly Keyword[] = ["ORDER", "GROUP", "PARTITION"];

const statementWords = wordList("SELECT WITH INSERT CREATE DROP ALTER SHOW DESCRIBE EXPLAIN EXECUTE SET RESET USE");

/** Statements of Flink and of other databases that do not exist here. */
const otherStatements = new Set(
  "UPDATE DELETE MERGE UPSERT TRUNCATE ANALYZE CALL LOAD UNLOAD COMPILE GRANT REVOKE COMMIT ROLLBACK ADD REMOVE STOP".split(
    " ",
  ),
);
const otherObjects = new Set(
  "CATALOG DATABASE SCHEMA MODEL MATERIALIZED CONNECTION INDEX PROCEDURE TRIGGER ROLE".split(" "),
);

const isClauseWord = ({ found, next }: Stop): boolean =>
  is(found, ...clauseWords) || (is(found, ...byWords) && is(next, "BY"));

/** What stands in the message for a token. */
const quoted = (token: IToken): string => (token.image.length > 40 ? `${token.image.slice(0, 40)}…` : token.image);

const problem = (at: Span, message: string, remedy: string): SqlProblem => ({ at, message, remedy });

const reservedName = (word: IToken): SqlProblem =>
  problem(
    spanOf(word),
    `${word.image} is a reserved word and cannot be a name`,
    `If it is meant as a name, quote it with backticks: \`${word.image}\`.`,
  );

const labelsBehindWords = new Set(['"("', '"+"', '"-"', tokenLabel(StringLiteral), tokenLabel(UnicodeStringLiteral)]);

/** Of the words at these places. */
const spanFrom = (first: IToken, last: IToken): Span => ({ start: spanOf(first).start, end: spanOf(last).end });

const isWord = (token: IToken | undefined, word: string): boolean => token?.image.toUpperCase() === word;

const checks: readonly Check[] = [
  function planStatement({ tokens }) {
    const [first] = tokens;
    const last = tokens.findIndex((token) => isWord(token, "PLAN"));
    const words = tokens.slice(0, last + 1).map(({ image }) => image.toUpperCase());
    const isOne = ["COMPILE PLAN", "EXECUTE PLAN", "COMPILE AND EXECUTE PLAN"].includes(words.join(" "));
    if (!isOne || first === undefined) return null;
    return problem(
      spanFrom(first, tokens[last] as IToken),
      `${words.join(" ")} is not supported`,
      "A script is its own plan, and keeps its state as long as its operators do the same. streamjob sql --explain --json job.sql writes a plan, --compare shows what of its state another script takes over.",
    );
  },
  function rowPattern({ found, next }) {
    if (found === undefined || !isWord(found, "MATCH_RECOGNIZE") || next?.tokenType !== LParen) return null;
    return problem(
      spanOf(found),
      "MATCH_RECOGNIZE is not supported yet",
      "A row can be compared with those before it by LAG(…) OVER (PARTITION BY … ORDER BY ts); other patterns are found by a process function with state.",
    );
  },
  function unsupportedStatement({ tokens, index, found }) {
    const [first, second] = tokens;
    if (found === undefined || first === undefined) return null;
    const word = first.image.toUpperCase();
    if (index === 0 && otherStatements.has(word))
      return problem(
        spanOf(first),
        `${word} is no statement of StreamJob`,
        "Tables are defined by CREATE, ALTER and DROP, and filled by INSERT INTO.",
      );
    const object = second?.image.toUpperCase() ?? "";
    const isDefinition = is(first, "CREATE", "DROP", "ALTER");
    if (!isDefinition || index !== 1 || second === undefined || !otherObjects.has(object)) return null;
    return problem(
      spanOf(second),
      `${word} ${object} is not supported`,
      "Statements define a TABLE, a VIEW or a FUNCTION.",
    );
  },
  function misspeltStatement({ index, found }) {
    if (index !== 0 || found === undefined) return null;
    const meant = nearest(found, statementWords);
    return meant === undefined
      ? problem(
          spanOf(found),
          `a statement cannot begin with ${quoted(found)}`,
          `Begin it with ${listed(statementWords)}.`,
        )
      : problem(spanOf(found), `${quoted(found)} is no statement`, `Did you mean ${meant}?`);
  },
  function unquotedSetting({ tokens, found, index }) {
    if (!is(tokens[0], "SET", "RESET") || index === 0) return null;
    const { start } = spanOf(tokens[1] ?? (tokens[0] as IToken));
    const { end } = spanOf(tokens.at(-1) as IToken);
    const remedy = is(tokens[0], "SET") ? "Write SET 'key' = 'value'." : "Write RESET 'key'.";
    if (found?.tokenType === StringLiteral && index > 3) return null;
    return problem({ start, end }, "the key and value of a setting stand in single quotes", remedy);
  },
  function unquotedOption({ found, rules, previous }) {
    if (found === undefined || !rules.includes("optionList")) return null;
    if (previous?.tokenType === StringLiteral && found.tokenType !== Equal)
      return problem(spanOf(found), `an option without a value, before ${quoted(found)}`, "Write 'name' = 'value'.");
    if (found.tokenType === RParen || found.tokenType === Comma) return null;
    return problem(spanOf(found), "names and values of options stand in single quotes", `Write '${found.image}'.`);
  },
  function intervalWithoutQuotes({ found, previous, next }) {
    if (found === undefined || !is(previous, "INTERVAL")) return null;
    if (found.tokenType !== IntegerLiteral && found.tokenType !== DecimalLiteral) return null;
    const unit = next === undefined ? "SECOND" : next.image.toUpperCase();
    return problem(
      spanOf(found),
      "the number of an interval stands in single quotes",
      `Write INTERVAL '${found.image}' ${unit}.`,
    );
  },
  function trailingComma(stop) {
    const { found, previous } = stop;
    if (previous?.tokenType !== Comma) return null;
    const endsHere = found === undefined || found.tokenType === RParen || isClauseWord(stop);
    if (found?.tokenType === Comma) return problem(spanOf(found), "two commas in a row", "Remove one.");
    return endsHere
      ? problem(spanOf(previous), "nothing follows this comma", "Remove it, or add what is missing.")
      : null;
  },
  function openParenthesis({ tokens, found }) {
    if (found !== undefined) return null;
    const open: IToken[] = [];
    for (const token of tokens) {
      if (token.tokenType === LParen) open.push(token);
      if (token.tokenType === RParen) open.pop();
    }
    const last = open.at(-1);
    return last === undefined
      ? null
      : problem(spanOf(last), "this parenthesis is never closed", "Add ) where it should end.");
  },
  function strayParenthesis({ found, expected }) {
    if (found?.tokenType !== RParen || expected.length > 0) return null;
    return problem(spanOf(found), "no parenthesis is open here", "Remove the ), or add the ( that it closes.");
  },
  function tooShort({ found, tokens, expected }) {
    if (found !== undefined) return null;
    const { end } = spanOf(tokens.at(-1) as IToken);
    return problem({ start: end, end }, "the statement ends too early", expectation(expected));
  },
  function missingSemicolon({ found, previous, expected }) {
    const begins = is(
      found,
      "SELECT",
      "INSERT",
      "CREATE",
      "DROP",
      "ALTER",
      "SHOW",
      "DESCRIBE",
      "EXPLAIN",
      "EXECUTE",
      "RESET",
    );
    if (!begins || previous === undefined || found === undefined) return null;
    const isComplete = expected.length === 0 || (expected.length === 1 && expected[0] === '";"');
    if (!isComplete) return null;
    const { end } = spanOf(previous);
    return problem(
      { start: end, end },
      `a semicolon is missing before ${found.image.toUpperCase()}`,
      "End each statement with a semicolon.",
    );
  },
  function doubledEquals({ found, previous }) {
    if (found?.tokenType !== Equal || previous?.tokenType !== Equal) return null;
    return problem({ ...spanOf(previous), end: spanOf(found).end }, "== is no operator", "Write = to compare.");
  },
  function reservedWordBefore({ previous, expected, found }) {
    // CAST, ROW, INTERVAL: only one thing can follow them, unless they were meant as names.
    const isUnfinished = expected.every((label) => labelsBehindWords.has(label)) && expected.length > 0;
    if (previous === undefined || found === undefined || !isReserved(previous) || !isUnfinished) return null;
    return is(previous, "CAST", "TRY_CAST", "EXISTS", "ROW", "INTERVAL", "UNNEST") ? reservedName(previous) : null;
  },
  function reservedWord(stop) {
    const { found, expected } = stop;
    if (found === undefined || !isReserved(found) || isClauseWord(stop)) return null;
    if (expected.length > 0 && !expected.includes(NAME_LABEL)) return null;
    return reservedName(found);
  },
  function misspeltWord({ found, previous, expected }) {
    if (found === undefined) return null;
    const words = expected.filter((label): label is Keyword => Object.hasOwn(k, label));
    const meant = tokenMatcher(found, Name) ? nearest(found, words) : undefined;
    if (meant !== undefined) return problem(spanOf(found), `unexpected ${quoted(found)}`, `Did you mean ${meant}?`);
    if (previous === undefined || expected.length > 0 || !tokenMatcher(previous, Name)) return null;
    const before = nearest(previous, ["FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "JOIN", "LEFT"]);
    return before === undefined
      ? null
      : problem(spanOf(previous), `unexpected ${quoted(found)} after ${quoted(previous)}`, `Did you mean ${before}?`);
  },
  function misplacedClause(stop) {
    const { found, expected } = stop;
    if (found === undefined || expected.length > 0 || !isClauseWord(stop)) return null;
    return problem(
      spanOf(found),
      `${found.image.toUpperCase()} cannot stand here`,
      "The order is SELECT, FROM, WHERE, GROUP BY, HAVING, WINDOW, QUALIFY, ORDER BY, LIMIT; each stands once.",
    );
  },
  function missingType({ found, rules }) {
    const isType = rules.includes("bareType") || rules.at(-1) === "columnDefinition";
    if (found === undefined || !isType) return null;
    return problem(
      spanOf(found),
      `expected a type before ${quoted(found)}`,
      "Write a type such as INT, STRING, DECIMAL(10, 2) or TIMESTAMP(3).",
    );
  },
  function missingUnit({ found, rules }) {
    if (found === undefined || rules.at(-1) !== "timeUnit") return null;
    return problem(spanOf(found), `${quoted(found)} is no unit of time`, unitRemedy);
  },
  function anythingElse({ found, expected, tokens }) {
    const { found: place } = { found: found ?? (tokens.at(-1) as IToken) };
    const remedy =
      expected.length === 0
        ? "The statement could end before it: remove what follows, or add the word or comma that is missing."
        : expectation(expected);
    return problem(spanOf(place), `unexpected ${quoted(place)}`, remedy);
  },
];

export function problemOf(error: IRecognitionException, tokens: readonly IToken[]): SqlProblem {
  const { token, context } = error;
  const index = token.tokenType === EOF ? tokens.length : tokens.indexOf(token);
  const expected = error.name === "NotAllInputParsedException" ? [] : error.message.split("\n");
  const stop: Stop = {
    tokens,
    index,
    found: tokens[index],
    previous: tokens[index - 1],
    next: tokens[index + 1],
    expected,
    rules: context.ruleStack,
  };
  for (const check of checks) {
    const found = check(stop);
    if (found !== null) return found;
  }
  throw error;
}

const NAME_LABEL = tokenLabel(Name);

/** What the parser is told to say (errorMessageProvider): the labels of what would fit, one a line. */
export function labelsOf(types: Iterable<Parameters<typeof tokenLabel>[0]>): string {
  const labels = new Set<string>();
  for (const type of types) labels.add(type === FunctionName ? NAME_LABEL : tokenLabel(type));
  return [...labels].toSorted().join("\n");
}

const LISTED_MAX = 8;

const expectation = (labels: readonly string[]): string => `Expected here: ${listed(labels)}.`.replace(/…\.$/, "…");

function listed(labels: readonly string[]): string {
  if (labels.length > LISTED_MAX)
    return labels.includes(NAME_LABEL) ? "an expression or a name" : `${labels.slice(0, LISTED_MAX).join(", ")} …`;
  if (labels.length < 2) return labels[0] ?? "nothing";
  return `${labels.slice(0, -1).join(", ")} or ${labels.at(-1)}`;
}

/** The keyword that was probably meant; short ones are no evidence. */
function nearest<K extends Keyword>({ image }: IToken, words: readonly K[]): K | undefined {
  const written = image.toUpperCase();
  let best: K | undefined;
  // In a short word two letters are too much.
  let most = written.length < 4 ? 0 : written.length < 6 ? 1 : 2;
  for (const word of words) {
    // Letters in another order are one mistake: FORM, GRUOP.
    const distance = hasSameLetters(word, written) ? 1 : editDistance(written, word);
    if (distance > most) continue;
    most = distance - 1;
    best = word;
  }
  return best;
}

const plainOf: Readonly<Record<string, string>> = {
  "，": ",",
  "；": ";",
  "（": "(",
  "）": ")",
  "＝": "=",
  "‘": "'",
  "’": "'",
  "“": "'",
  "”": "'",
  "　": " ",
};

const operatorOf: Readonly<Record<string, string>> = {
  "&": "AND",
  "|": "OR, or || to join texts",
  "!": "NOT, or <> to compare",
  "?": "the value itself",
  "{": "ARRAY[…], MAP[…] or ROW(…)",
  "}": "ARRAY[…], MAP[…] or ROW(…)",
};

/** For a token that the lexer could not read (SQLT3). */
export function unreadableProblem(token: IToken): SqlProblem {
  const at = spanOf(token);
  const start = { start: at.start, end: at.start + 1 };
  switch (token.tokenType) {
    case unreadable.doubleQuoted: {
      const text = token.image.slice(1, -1);
      return problem(
        at,
        `${quoted(token)} is in double quotes`,
        `A name is quoted with backticks: \`${text}\`; a string with single quotes: '${text}'.`,
      );
    }
    case unreadable.openString:
      return problem(
        start,
        "this string is never closed",
        "End it with '; a quote inside a string is written twice: ''.",
      );
    case unreadable.openName:
      return token.image === "``"
        ? problem(at, "a name cannot be empty", "Write the name between the backticks.")
        : problem(start, "this name is never closed", "End it with a backtick.");
    case unreadable.openComment:
      return problem({ ...start, end: at.start + 2 }, "this comment is never closed", "End it with */.");
    default: {
      const plain = plainOf[token.image];
      const written = operatorOf[token.image];
      if (plain !== undefined)
        return problem(at, `${token.image} is not a character of SQL`, `Write ${plain} instead.`);
      return written === undefined
        ? problem(at, `unexpected character ${token.image}`, "Remove it, or put the text in quotes.")
        : problem(at, `${token.image} is no operator`, `Write ${written}.`);
    }
  }
}
