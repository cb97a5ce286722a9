/**
 * Owns: the tokens of Flink SQL, and the lexer.
 * Called by: the grammars, for the types; parse.ts, for the tokens of a script.
 *
 * SQLT1 A word is lexed as a word and then looked up, in any case: hundreds of keywords as patterns would make the lexer slow.
 * SQLT2 A free keyword (`TUMBLE`, `VIEW`, `KEY`) is also a name; a callable one (`COUNT`, `LEFT`) also the name of a function.
 * SQLT3 The lexer refuses nothing itself: what it cannot read becomes a token of `unreadable`, so that the error can say what to write.
 */
import { createToken, type IToken, Lexer, type TokenType } from "chevrotain";
import { callableWords, reservedWords } from "./keywords.ts";

const abstractToken = (name: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, label: "a name", pattern: Lexer.NA, categories });

/** What may be the name of a function; a name may. */
export const FunctionName: TokenType = abstractToken("FunctionName");
/** What may be a name: a word that is not reserved, or anything in backticks. */
export const Name: TokenType = abstractToken("Name", [FunctionName]);

// Punctuation of full width is left out: it is no part of a word, and its error says so.
const WORD =
  /[A-Za-z_\u00c0-\u1fff\u2070-\u2fff\u3040-\ud7ff\ue000-\ufaff][\w$\u00c0-\u1fff\u2070-\u2fff\u3040-\ud7ff\ue000-\ufaff]*/;

/** Every word, before it is looked up; afterwards the free words that no rule knows. */
const Word = createToken({ name: "Word", label: "a name", pattern: WORD, categories: [Name] });
/** A reserved word that no rule knows. */
const ReservedWord = abstractToken("ReservedWord");
/** The same where a parenthesis may follow. */
const CallableWord = abstractToken("CallableWord", [FunctionName]);
export const QuotedName: TokenType = createToken({
  name: "QuotedName",
  label: "a name",
  pattern: /`(?:[^`]|``)+`/,
  line_breaks: true,
  categories: [Name],
});

export const StringLiteral: TokenType = createToken({
  name: "StringLiteral",
  label: "a string in single quotes",
  pattern: /'(?:[^']|'')*'/,
  line_breaks: true,
});
export const UnicodeStringLiteral: TokenType = createToken({
  name: "UnicodeStringLiteral",
  label: "a string in single quotes",
  pattern: /[uU]&'(?:[^']|'')*'/,
  line_breaks: true,
});
export const BinaryLiteral: TokenType = createToken({
  name: "BinaryLiteral",
  label: "bytes as X'…'",
  pattern: /[xX]'[^']*'/,
});
export const IntegerLiteral: TokenType = createToken({
  name: "IntegerLiteral",
  label: "a whole number",
  pattern: /\d+/,
});
export const DecimalLiteral: TokenType = createToken({
  name: "DecimalLiteral",
  label: "a number",
  pattern: /(?:\d+\.\d*|\.\d+)(?![eE][+-]?\d)/,
});
export const ApproximateLiteral: TokenType = createToken({
  name: "ApproximateLiteral",
  label: "a number",
  pattern: /(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+/,
});

const sign = (name: string, text: string): TokenType => createToken({ name, label: `"${text}"`, pattern: text });

export const LParen: TokenType = sign("LParen", "(");
export const RParen: TokenType = sign("RParen", ")");
export const LBracket: TokenType = sign("LBracket", "[");
export const RBracket: TokenType = sign("RBracket", "]");
export const Comma: TokenType = sign("Comma", ",");
export const Semicolon: TokenType = sign("Semicolon", ";");
export const Dot: TokenType = sign("Dot", ".");
export const Star: TokenType = sign("Star", "*");
export const Slash: TokenType = sign("Slash", "/");
export const Percent: TokenType = sign("Percent", "%");
export const Plus: TokenType = sign("Plus", "+");
export const Minus: TokenType = sign("Minus", "-");
export const Concat: TokenType = sign("Concat", "||");
export const Arrow: TokenType = sign("Arrow", "=>");
export const Equal: TokenType = sign("Equal", "=");
export const NotEqual: TokenType = createToken({ name: "NotEqual", label: '"<>"', pattern: /<>|!=/ });
export const LessOrEqual: TokenType = sign("LessOrEqual", "<=");
export const GreaterOrEqual: TokenType = sign("GreaterOrEqual", ">=");
export const Less: TokenType = sign("Less", "<");
export const Greater: TokenType = sign("Greater", ">");
export const HintStart: TokenType = sign("HintStart", "/*+");
export const HintEnd: TokenType = sign("HintEnd", "*/");

/** What no rule takes, each with an error of its own (SQLT3). The order matters: what is unterminated comes after what ends. */
export const unreadable = {
  doubleQuoted: createToken({ name: "DoubleQuoted", pattern: /"(?:[^"\n]|"")*"/ }),
  openString: createToken({ name: "OpenString", pattern: /'(?:[^']|'')*/, line_breaks: true }),
  openName: createToken({ name: "OpenName", pattern: /`(?:[^`]|``)*`?/, line_breaks: true }),
  openComment: createToken({ name: "OpenComment", pattern: /\/\*(?!\+)[^]*/, line_breaks: true }),
  other: createToken({ name: "Other", pattern: /[\ud800-\udbff][\udc00-\udfff]|[^]/, line_breaks: true }),
} as const;

/** The words that the grammars know, each a token of its own. */
const keywordTexts = [
  "ABSENT",
  "ADD",
  "AFTER",
  "ALL",
  "ALTER",
  "AND",
  "ANY",
  "ARRAY",
  "AS",
  "ASC",
  "ASYMMETRIC",
  "BEGIN",
  "BETWEEN",
  "BIGINT",
  "BINARY",
  "BOOLEAN",
  "BOTH",
  "BY",
  "BYTES",
  "CASCADE",
  "CASE",
  "CAST",
  "CATALOG",
  "CATALOGS",
  "CEIL",
  "CEILING",
  "CHANGELOG_MODE",
  "CHAR",
  "CHARACTER",
  "COLUMN",
  "COLUMNS",
  "COMMENT",
  "CONDITIONAL",
  "CONSTRAINT",
  "CONSTRAINTS",
  "CONTINUOUS",
  "CREATE",
  "CROSS",
  "CUBE",
  "CURRENT",
  "CURRENT_DATE",
  "CURRENT_TIME",
  "CURRENT_TIMESTAMP",
  "CURRENT_USER",
  "DATABASE",
  "DATABASES",
  "DATE",
  "DAY",
  "DAYS",
  "DEC",
  "DECIMAL",
  "DEFAULT",
  "DESC",
  "DESCRIBE",
  "DESCRIPTOR",
  "DISTINCT",
  "DISTRIBUTION",
  "DOUBLE",
  "DROP",
  "ELSE",
  "EMPTY",
  "END",
  "ENFORCED",
  "ERROR",
  "ESCAPE",
  "ESTIMATED_COST",
  "EXCEPT",
  "EXCLUDING",
  "EXECUTE",
  "EXISTS",
  "EXPLAIN",
  "EXTENDED",
  "EXTRACT",
  "FALSE",
  "FETCH",
  "FILTER",
  "FIRST",
  "FLOAT",
  "FLOOR",
  "FOLLOWING",
  "FOR",
  "FROM",
  "FULL",
  "FUNCTION",
  "FUNCTIONS",
  "GENERATED",
  "GROUP",
  "GROUPING",
  "HAVING",
  "HOUR",
  "HOURS",
  "IF",
  "IGNORE",
  "IN",
  "INCLUDING",
  "INNER",
  "INSERT",
  "INT",
  "INTEGER",
  "INTERSECT",
  "INTERVAL",
  "INTO",
  "IS",
  "JAR",
  "JOIN",
  "JSON",
  "JSON_ARRAY",
  "JSON_ARRAYAGG",
  "JSON_EXECUTION_PLAN",
  "JSON_EXISTS",
  "JSON_OBJECT",
  "JSON_OBJECTAGG",
  "JSON_QUERY",
  "JSON_VALUE",
  "KEY",
  "LANGUAGE",
  "LAST",
  "LATERAL",
  "LEADING",
  "LEFT",
  "LIKE",
  "LIMIT",
  "LOCAL",
  "LOCALTIME",
  "LOCALTIMESTAMP",
  "MAP",
  "METADATA",
  "MICROSECOND",
  "MILLISECOND",
  "MINUS",
  "MINUTE",
  "MINUTES",
  "MODIFY",
  "MONTH",
  "MONTHS",
  "MULTISET",
  "NANOSECOND",
  "NATURAL",
  "NEXT",
  "NOT",
  "NULL",
  "NULLS",
  "NUMERIC",
  "OBJECT",
  "OF",
  "OFFSET",
  "ON",
  "ONLY",
  "OPTIONS",
  "OR",
  "ORDER",
  "ORDINALITY",
  "OUTER",
  "OVER",
  "OVERLAY",
  "OVERWRITE",
  "OVERWRITING",
  "PARTITION",
  "PARTITIONED",
  "PARTITIONS",
  "PLACING",
  "PLAN",
  "PLAN_ADVICE",
  "POSITION",
  "PRECEDING",
  "PRECISION",
  "PRIMARY",
  "QUALIFY",
  "QUARTER",
  "RANGE",
  "RAW",
  "RECURSIVE",
  "RENAME",
  "REPLACE",
  "RESET",
  "RESPECT",
  "RETURNING",
  "RIGHT",
  "ROLLUP",
  "ROW",
  "ROWS",
  "SCALA",
  "SCALAR",
  "SECOND",
  "SECONDS",
  "SELECT",
  "SESSION_USER",
  "SET",
  "SETS",
  "SHOW",
  "SIMILAR",
  "SMALLINT",
  "SOME",
  "STATEMENT",
  "STRING",
  "SUBSTRING",
  "SYMMETRIC",
  "SYSTEM",
  "SYSTEM_TIME",
  "SYSTEM_USER",
  "TABLE",
  "TABLES",
  "TEMPORARY",
  "THEN",
  "TIME",
  "TIMESTAMP",
  "TIMESTAMPADD",
  "TIMESTAMPDIFF",
  "TIMESTAMP_LTZ",
  "TINYINT",
  "TO",
  "TRAILING",
  "TRIM",
  "TRUE",
  "TRY_CAST",
  "UNBOUNDED",
  "UNCONDITIONAL",
  "UNION",
  "UNIQUE",
  "UNKNOWN",
  "UNNEST",
  "USE",
  "USER",
  "USING",
  "VALUE",
  "VALUES",
  "VARBINARY",
  "VARCHAR",
  "VARYING",
  "VIEW",
  "VIEWS",
  "VIRTUAL",
  "WATERMARK",
  "WATERMARKS",
  "WEEK",
  "WHEN",
  "WHERE",
  "WINDOW",
  "WITH",
  "WITHIN",
  "WITHOUT",
  "WRAPPER",
  "YEAR",
  "YEARS",
  "ZONE",
] as const;

export type Keyword = (typeof keywordTexts)[number];

function keywordToken(text: Keyword): TokenType {
  const categories = reservedWords.has(text) ? (callableWords.has(text) ? [FunctionName] : []) : [Name];
  return createToken({ name: text, label: text, pattern: Lexer.NA, categories });
}

/** The token type of each keyword. */
export const k: Readonly<Record<Keyword, TokenType>> = Object.fromEntries(
  keywordTexts.map((text) => [text, keywordToken(text)]),
) as Record<Keyword, TokenType>;

const typeOfWord = new Map<string, TokenType>([
  ...[...reservedWords].map((word): [string, TokenType] => [
    word,
    callableWords.has(word) ? CallableWord : ReservedWord,
  ]),
  ...keywordTexts.map((word): [string, TokenType] => [word, k[word]]),
]);

const skipped = [
  createToken({ name: "Space", pattern: /[\s\u00a0\ufeff]+/, group: Lexer.SKIPPED, line_breaks: true }),
  createToken({ name: "LineComment", pattern: /--[^\n]*/, group: Lexer.SKIPPED }),
  createToken({ name: "BlockComment", pattern: /\/\*(?!\+)[^]*?\*\//, group: Lexer.SKIPPED, line_breaks: true }),
];

/** Before words: they begin with a letter. */
const prefixed = [UnicodeStringLiteral, BinaryLiteral];
const literals = [StringLiteral, ApproximateLiteral, DecimalLiteral, IntegerLiteral];
const longSigns = [HintStart, HintEnd, unreadable.openComment, Arrow, NotEqual, LessOrEqual, GreaterOrEqual, Concat];
const brackets = [LParen, RParen, LBracket, RBracket, Comma, Semicolon, Dot];
const shortSigns = [Star, Slash, Percent, Plus, Minus, Equal, Less, Greater];

/** The first that fits is taken: `<=` before `<`, what ends before what is never closed. */
const read = [
  ...skipped,
  ...prefixed,
  QuotedName,
  Word,
  ...literals,
  ...longSigns,
  ...brackets,
  ...shortSigns,
  ...Object.values(unreadable),
];

/** What the parser may meet: all but what is skipped. */
export const vocabulary: TokenType[] = [
  FunctionName,
  Name,
  ReservedWord,
  CallableWord,
  ...read.slice(skipped.length),
  ...Object.values(k),
];

const lexer = new Lexer(read, { positionTracking: "onlyOffset", ensureOptimizations: false });

/** The tokens of a script, with its comments left out. */
export function tokensOf(text: string): IToken[] {
  const { tokens } = lexer.tokenize(text);
  for (const token of tokens) {
    if (token.tokenType !== Word) continue;
    const type = typeOfWord.get(token.image.toUpperCase());
    if (type === undefined) continue;
    token.tokenType = type;
    token.tokenTypeIdx = type.tokenTypeIdx ?? token.tokenTypeIdx;
  }
  return tokens;
}

/** Whether this token is a reserved word. */
export const isReserved = (token: IToken): boolean =>
  token.tokenType !== QuotedName && reservedWords.has(token.image.toUpperCase());

export const isUnreadable = (token: IToken): boolean =>
  Object.values(unreadable).some((type) => type === token.tokenType);
